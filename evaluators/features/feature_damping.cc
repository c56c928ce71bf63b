// SPDX-License-Identifier: Apache-2.0
#include "evaluators/features/feature_damping.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/progress_bar.h"
#include "evaluators/tuners/surrogate_indicator.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/curvature/eigendecomposition.h"

namespace attribench {
namespace {

constexpr int64_t kFewestRows = 8;
constexpr double kIndicatorLevel = 0.5;

using Rows = std::vector<int64_t>;

Rows FirstRows(int64_t count) {
  Rows rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Rows ToRows(const at::Tensor& numbers) {
  const int64_t* data = numbers.data_ptr<int64_t>();
  return Rows(data, data + numbers.numel());
}

// Groups of columns that are one block.
struct BlockColumns {
  std::string name;
  std::vector<size_t> groups;
  int64_t dimension = 0;
};

std::vector<BlockColumns> BlocksOf(const FeatureFiles& files, bool each_group) {
  std::vector<BlockColumns> blocks;
  for (size_t g = 0; g < files.groups().size(); ++g) {
    if (each_group || blocks.empty()) blocks.push_back({files.groups()[g].name, {}, 0});
    blocks.back().groups.push_back(g);
    blocks.back().dimension += files.groups()[g].columns;
  }
  if (!each_group && blocks.front().groups.size() > 1) blocks.front().name = "all";
  return blocks;
}

// Progress in millions of numbers that were read.
class ReadingBar {
 public:
  ReadingBar(const std::string& title, const FeatureFiles& files, int64_t num_rows)
      : bar_(title, std::max<int64_t>(1, num_rows * files.num_columns() / kMillion)) {}
  void Advance(const at::Tensor& read) {
    numbers_ += read.numel();
    bar_.Advance(numbers_ / kMillion);
    numbers_ %= kMillion;
  }

 private:
  static constexpr int64_t kMillion = 1000000;
  ProgressBar bar_;
  int64_t numbers_ = 0;
};

// Squared norms of rows, by group, float64 [groups] of [rows].
absl::StatusOr<std::vector<at::Tensor>> SquaredNorms(const FeatureFiles& files, int64_t num_rows,
                                                     const FeatureOptions& options,
                                                     ReadingBar& bar) {
  std::vector<at::Tensor> squares;
  for (size_t g = 0; g < files.groups().size(); ++g) {
    const int64_t columns = files.groups()[g].columns;
    const auto step = std::max<int64_t>(
        1, static_cast<int64_t>(options.working_bytes / 4 / sizeof(double) / columns));
    at::Tensor of_group = at::zeros({num_rows}, at::kDouble);
    for (int64_t begin = 0; begin < num_rows; begin += step) {
      Rows rows(std::min(step, num_rows - begin));
      std::iota(rows.begin(), rows.end(), begin);
      const absl::StatusOr<at::Tensor> values = files.Read(g, rows, 0, columns);
      if (!values.ok()) return values.status();
      of_group.slice(0, begin, begin + rows.size()).copy_(values->to(at::kDouble).square_().sum(1));
      bar.Advance(*values);
    }
    squares.push_back(std::move(of_group));
  }
  return squares;
}

at::Tensor Sum(const std::vector<at::Tensor>& parts) { return at::stack(parts).sum(0); }

at::Tensor InverseRoot(const at::Tensor& squares) {
  return at::where(squares.gt(0), squares.rsqrt(), at::zeros_like(squares));
}

// Rows of features, each times its own factor.
struct ScaledRows {
  const FeatureFiles& files;
  Rows rows;
  at::Tensor factors;  // [rows] float64

  ScaledRows(const FeatureFiles& files, Rows rows, const at::Tensor& factors_of_all)
      : files(files),
        rows(std::move(rows)),
        factors(factors_of_all.index_select(0, at::tensor(this->rows, at::kLong))) {}

  int64_t size() const { return static_cast<int64_t>(rows.size()); }

  // [rows, end - begin] float32
  absl::StatusOr<at::Tensor> Read(size_t group, int64_t begin, int64_t end, ReadingBar& bar) const {
    absl::StatusOr<at::Tensor> values = files.Read(group, rows, begin, end);
    if (!values.ok()) return values;
    bar.Advance(*values);
    return values->mul_(factors.to(values->scalar_type()).unsqueeze(1)).to(at::kFloat);
  }

  // Rows first, ..., last - 1 of these.
  ScaledRows Slice(int64_t first, int64_t last) const {
    ScaledRows part = *this;
    part.rows = Rows(rows.begin() + first, rows.begin() + last);
    part.factors = factors.slice(0, first, last);
    return part;
  }

  // All columns of a block, [rows, dimension] float32.
  absl::StatusOr<at::Tensor> ReadBlock(const BlockColumns& block, ReadingBar& bar) const {
    std::vector<at::Tensor> columns;
    for (const size_t group : block.groups) {
      absl::StatusOr<at::Tensor> values = Read(group, 0, files.groups()[group].columns, bar);
      if (!values.ok()) return values;
      columns.push_back(*std::move(values));
    }
    return columns.size() == 1 ? columns[0] : at::cat(columns, 1);
  }
};

// What one block predicts at any damping, after its decomposition:
//   primal (F = sum of a a' over the fitted rows a, [k, k]):
//     q'x = sum_j (v_j'q)^2 / (mu_j + lambda),  g'x = sum_j (v_j'g)(v_j'q) / (mu_j + lambda)
//   dual (the kernel of the fitted rows, [m, m], with c = A q):
//     q'x = (q'q - sum_j (u_j'c)^2 / (mu_j + lambda)) / lambda,
//     g'x = (g'q - sum_j (u_j'A g)(u_j'c) / (mu_j + lambda)) / lambda
// where the fitted rows are divided by sqrt(m).
struct BlockInverse {
  bool primal = false;
  double mean_eigenvalue = 0;  // of the fitted rows
  at::Tensor values;           // mu [r]
  at::Tensor held;             // [b, r]: v_j'g or u_j'A g of held-out rows
  at::Tensor test;             // [r, t]: v_j'q or u_j'c
  at::Tensor held_test;        // dual: g'q [b, t]
  at::Tensor test_squares;     // dual: q'q [t]

  at::Tensor Held(double lambda) const {  // g'x [b, t]
    const at::Tensor filtered = at::matmul(held, test.div(values.add(lambda).unsqueeze(1)));
    return primal ? filtered : held_test.sub(filtered).div_(lambda);
  }
  at::Tensor Test(double lambda) const {  // q'x [t]
    const at::Tensor filtered = test.square().div_(values.add(lambda).unsqueeze(1)).sum(0);
    return primal ? filtered : test_squares.sub(filtered).div_(lambda);
  }
};

void Add(at::Tensor& to, const at::Tensor& part) { to = to.defined() ? to.add_(part) : part; }

absl::Status Decompose(const at::Tensor& matrix, BlockInverse& inverse, at::Tensor& vectors) {
  CostLedger nobody;
  absl::StatusOr<Eigendecomposition> eigen = DecomposeSymmetric(matrix, nobody);
  if (!eigen.ok()) return eigen.status();
  inverse.values = eigen->values;
  vectors = eigen->vectors;
  return absl::OkStatus();
}

// Reads columns in parts: every row is there for a few columns at a time.
absl::StatusOr<BlockInverse> DualInverse(const BlockColumns& block, const ScaledRows& fitted,
                                         const ScaledRows& held, const ScaledRows& test,
                                         double working_bytes, ReadingBar& bar) {
  const int64_t rows = fitted.size() + held.size() + test.size();
  const auto step =
      std::max<int64_t>(1, static_cast<int64_t>(working_bytes / sizeof(double) / rows));
  BlockInverse inverse;
  at::Tensor kernel, between, fitted_test;
  for (const size_t group : block.groups) {
    const int64_t columns = fitted.files.groups()[group].columns;
    for (int64_t begin = 0; begin < columns; begin += step) {
      const int64_t end = std::min(columns, begin + step);
      const auto a = fitted.Read(group, begin, end, bar), b = held.Read(group, begin, end, bar),
                 q = test.Read(group, begin, end, bar);
      for (const auto* part : {&a, &b, &q}) {
        if (!part->ok()) return part->status();
      }
      Add(kernel, at::matmul(*a, a->t()).to(at::kDouble));
      Add(between, at::matmul(*b, a->t()).to(at::kDouble));
      Add(fitted_test, at::matmul(*a, q->t()).to(at::kDouble));
      Add(inverse.held_test, at::matmul(*b, q->t()).to(at::kDouble));
      Add(inverse.test_squares, q->to(at::kDouble).square_().sum(1));
    }
  }
  inverse.mean_eigenvalue = kernel.trace().item<double>() / static_cast<double>(block.dimension);
  at::Tensor vectors;
  if (absl::Status status = Decompose(kernel, inverse, vectors); !status.ok()) return status;
  inverse.held = at::matmul(between, vectors);
  inverse.test = at::matmul(vectors.t(), fitted_test);
  return inverse;
}

// Reads rows in parts: every column is there for a few rows at a time.
absl::StatusOr<BlockInverse> PrimalInverse(const BlockColumns& block, const ScaledRows& fitted,
                                           const ScaledRows& held, const ScaledRows& test,
                                           double working_bytes, ReadingBar& bar) {
  const auto step =
      std::max<int64_t>(1, static_cast<int64_t>(working_bytes / sizeof(double) / block.dimension));
  const auto visit = [&](const ScaledRows& rows,
                         const std::function<void(const at::Tensor&)>& take) -> absl::Status {
    for (int64_t first = 0; first < rows.size(); first += step) {
      const auto part =
          rows.Slice(first, std::min(rows.size(), first + step)).ReadBlock(block, bar);
      if (!part.ok()) return part.status();
      take(*part);
    }
    return absl::OkStatus();
  };
  BlockInverse inverse;
  inverse.primal = true;
  at::Tensor matrix, vectors;
  absl::Status status = visit(fitted, [&](const at::Tensor& part) {
    Add(matrix, at::matmul(part.t(), part).to(at::kDouble));
  });
  if (status.ok()) {
    inverse.mean_eigenvalue = matrix.trace().item<double>() / static_cast<double>(block.dimension);
    status = Decompose(matrix, inverse, vectors);
  }
  for (const auto& [rows, to] :
       {std::make_pair(&held, &inverse.held), std::make_pair(&test, &inverse.test)}) {
    std::vector<at::Tensor> parts;
    if (!status.ok()) return status;
    if (rows->size() == 0) continue;
    status = visit(*rows, [&](const at::Tensor& part) {
      parts.push_back(at::matmul(part.to(at::kDouble), vectors));
    });
    if (status.ok()) *to = at::cat(parts);
  }
  if (!status.ok()) return status;
  inverse.test = inverse.test.t();
  return inverse;
}

bool IsPrimal(const BlockColumns& block, int64_t fitted_rows) {
  return block.dimension <= fitted_rows;
}

absl::StatusOr<BlockInverse> InverseOf(const BlockColumns& block, const ScaledRows& fitted,
                                       const ScaledRows& held, const ScaledRows& test,
                                       double working_bytes, ReadingBar& bar) {
  return IsPrimal(block, fitted.size())
             ? PrimalInverse(block, fitted, held, test, working_bytes, bar)
             : DualInverse(block, fitted, held, test, working_bytes, bar);
}

// The held-out criterion at a damping, the mean over test rows; not a number if all fitted rows of
// a block are 0.
double HeldOutCriterionAt(const std::vector<BlockInverse>& blocks, double multiple) {
  double sum = 0;
  for (const BlockInverse& block : blocks) {
    const double lambda = multiple * block.mean_eigenvalue;
    const at::Tensor squares = block.Held(lambda).square().mean(0);
    sum += block.Test(lambda).sub(squares, .5).mean().item<double>();
  }
  return sum;
}

// What both selectors do first: norms of all rows.
struct Prepared {
  std::vector<BlockColumns> blocks;
  std::vector<at::Tensor> train_squares, test_squares;  // by group
  int64_t num_tests = 0;
  FeatureDamping damping;  // its blocks
};

absl::StatusOr<Prepared> Prepare(const FeatureFiles& train, const FeatureFiles& test,
                                 const FeatureOptions& options) {
  if (const absl::Status status = train.CheckSameGroups(test); !status.ok()) return status;
  if (train.num_rows() < kFewestRows) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there are ", train.num_rows(), " training rows, must be ", kFewestRows, " or more"));
  }
  Prepared prepared;
  prepared.blocks = BlocksOf(train, options.blocks);
  prepared.num_tests = std::min(test.num_rows(), options.most_tests);
  ReadingBar bar("reading norms", train, train.num_rows() + prepared.num_tests);
  auto squares = SquaredNorms(train, train.num_rows(), options, bar);
  if (!squares.ok()) return squares.status();
  prepared.train_squares = *std::move(squares);
  squares = SquaredNorms(test, prepared.num_tests, options, bar);
  if (!squares.ok()) return squares.status();
  prepared.test_squares = *std::move(squares);
  for (const BlockColumns& block : prepared.blocks) {
    double trace = 0;
    for (const size_t group : block.groups) {
      trace += prepared.train_squares[group].mean().item<double>();
    }
    if (!(trace > 0)) {
      return absl::FailedPreconditionError(
          absl::StrCat("all training rows of ", block.name, " are 0"));
    }
    prepared.damping.blocks.push_back(
        {block.name, block.dimension, trace / static_cast<double>(block.dimension)});
  }
  return prepared;
}

}  // namespace

absl::StatusOr<FeatureDamping> HeldOutDamping(const FeatureFiles& train, const FeatureFiles& test,
                                              const std::vector<Damping>& dampings,
                                              const FeatureOptions& options) {
  absl::StatusOr<Prepared> prepared = Prepare(train, test, options);
  if (!prepared.ok()) return prepared.status();
  const at::Tensor of_train = InverseRoot(Sum(prepared->train_squares)),
                   of_test = InverseRoot(Sum(prepared->test_squares));
  std::vector<double> criterion(dampings.size(), 0);
  for (uint64_t draw = 0; draw < kHeldOutDraws; ++draw) {
    const absl::StatusOr<HeldOutSplit> split = DrawHeldOutSplit(
        train.num_rows(), options.fraction, NumHeldOut(train.num_rows(), options.fraction), draw);
    if (!split.ok()) return split.status();
    const auto m = static_cast<double>(split->fitted.size(0));
    const ScaledRows fitted(train, ToRows(split->fitted), of_train.div(std::sqrt(m))),
        held(train, ToRows(split->held_out), of_train),
        tests(test, FirstRows(prepared->num_tests), of_test);
    ReadingBar bar(absl::StrCat("reading draw ", draw + 1, " of ", kHeldOutDraws), train,
                   fitted.size() + held.size() + tests.size());
    std::vector<BlockInverse> inverses;
    for (const BlockColumns& block : prepared->blocks) {
      auto inverse = InverseOf(block, fitted, held, tests, options.working_bytes, bar);
      if (!inverse.ok()) return inverse.status();
      inverses.push_back(*std::move(inverse));
    }
    for (size_t d = 0; d < dampings.size(); ++d) {
      criterion[d] += HeldOutCriterionAt(inverses, dampings[d].value) / kHeldOutDraws;
    }
  }
  absl::StatusOr<TunedPoint> point = HighestPoint(dampings, criterion);
  if (!point.ok()) return point.status();
  prepared->damping.point = *std::move(point);
  return prepared->damping;
}

absl::StatusOr<FeatureDamping> SurrogateDamping(const FeatureFiles& train, const FeatureFiles& test,
                                                const std::vector<Damping>& dampings,
                                                const FeatureOptions& options) {
  absl::StatusOr<Prepared> prepared = Prepare(train, test, options);
  if (!prepared.ok()) return prepared.status();
  if (prepared->blocks.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the surrogate indicator is for one matrix, not for ", prepared->blocks.size(), " blocks"));
  }
  const BlockColumns& block = prepared->blocks.front();
  if (std::min(train.num_rows(), block.dimension) > kMostSpectrumRows) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the surrogate indicator takes the spectrum of all features; ", train.num_rows(),
        " training rows and ", block.dimension, " columns are both more than ", kMostSpectrumRows,
        ": the held-out criterion takes an eighth of the rows"));
  }
  // The indicator does not depend on the scale: all rows by one factor, so that float32 suffices.
  const double scale = 1 / std::sqrt(Sum(prepared->train_squares).mean().item<double>());
  const auto n = static_cast<double>(train.num_rows());
  const ScaledRows fitted(train, FirstRows(train.num_rows()),
                          at::full({train.num_rows()}, scale / std::sqrt(n), at::kDouble)),
      none(train, {}, at::zeros({1}, at::kDouble)),
      tests(test, FirstRows(prepared->num_tests), InverseRoot(Sum(prepared->test_squares)));
  ReadingBar bar("reading features", train, fitted.size() + tests.size());
  const auto inverse = InverseOf(block, fitted, none, tests, options.working_bytes, bar);
  if (!inverse.ok()) return inverse.status();
  // mu_j (v_j'q)^2 in the primal form is (u_j'c)^2 in the dual one.
  at::Tensor weights = inverse->test.square();
  if (inverse->primal) weights = weights.mul(inverse->values.unsqueeze(1));
  std::vector<double> curve;
  for (const Damping& damping : dampings) {
    const at::Tensor denominator =
        inverse->values.add(damping.value * inverse->mean_eigenvalue).unsqueeze(1);
    SpectralMoments moments;
    moments.t1 = weights.div(denominator).sum(0, /*keepdim=*/true);
    moments.t2 = weights.div(denominator.square()).sum(0, true);
    moments.t3 = weights.div(denominator.pow(3)).sum(0, true);
    curve.push_back(SurrogateIndicator(moments).mean().item<double>());
  }
  const absl::StatusOr<Crossing> crossing = FindCrossing(dampings, curve, kIndicatorLevel);
  if (!crossing.ok()) return crossing.status();
  prepared->damping.point = {crossing->damping, crossing->message, {}};
  for (size_t d = 0; d < dampings.size(); ++d) {
    prepared->damping.point.criterion.push_back({dampings[d], curve[d]});
  }
  return prepared->damping;
}

}  // namespace attribench
