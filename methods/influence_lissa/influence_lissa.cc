// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' x / sigma after `depth` steps of
//   x <- q + (1 - lambda / sigma) x - C_B x / sigma,   starting with x = q,
// averaged over `repeats` recursions. C_B is the curvature of the mean loss on a batch of
// `batch_size` curvature examples. Each step draws its own batch, without replacement, from
// RandomStream(seed, "lissa", {repeat, step}). All test examples and all dampings have the same
// batches. E[C_B] = C, so the expectation of x / sigma is a truncated Neumann series of
// (C + lambda I)^-1 q.
//
// sigma = scaling (mu + lambda), with mu the largest magnitude of an eigenvalue of C_B in the first
// batches, by power iteration. Without negative eigenvalues, sigma >= (mu + lambda) / 2 is enough
// for no step to be expanding. Along a direction of negative curvature the recursion grows with
// each step, as the published one does.
//
// Sums over subsets take the steps in reverse order. With the symmetric
// P_j = (1 - lambda / sigma) I - C_j / sigma, and s the sum of a subset's training gradients,
//   x = q + P_d q + P_d P_(d-1) q + ...,   s' x = (s + P_d s + P_(d-1) P_d s + ...)' q,
// so a step costs one vector per subset instead of one per test example.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "methods/curvature/curvature.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/fisher_spectrum.h"
#include "methods/curvature/krylov_attribution.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

constexpr int64_t kPowerBatches = 100, kPowerSteps = 10;
// For the vectors that take a step together: a step reads and writes them a dozen times, so they
// should stay in the cache.
constexpr double kVectorBytes = 2.0 * (1 << 20);

struct LissaOptions {
  int64_t batch_size, depth, repeats, seed;
  double scaling;
};

ParameterVectors Rows(const ParameterVectors& vectors, int64_t begin, int64_t end) {
  ParameterVectors rows;
  for (const at::Tensor& layer : vectors) rows.push_back(layer.slice(0, begin, end));
  return rows;
}

GradientFactors Rows(const GradientFactors& all, int64_t begin, int64_t end) {
  GradientFactors rows;
  for (const LayerFactors& layer : all.layers) {
    rows.layers.push_back({layer.inputs.slice(0, begin, end), layer.deltas.slice(0, begin, end)});
  }
  return rows;
}

double Numbers(const ParameterVectors& vectors) {
  double numbers = 0;
  for (const at::Tensor& layer : vectors) numbers += static_cast<double>(layer.numel());
  return numbers;
}

// Scales all vectors by one factor, so that together they have length 1. Returns their length.
double Normalise(ParameterVectors& vectors) {
  double squares = 0;
  for (const at::Tensor& layer : vectors) {
    squares += layer.to(at::kDouble).square().sum().item<double>();
  }
  const double length = std::sqrt(squares);
  for (at::Tensor& layer : vectors) layer.div_(length);
  return length;
}

// The batches of the recursions and their steps.
class Recursion {
 public:
  Recursion(Curvature curvature, LissaOptions options)
      : curvature_(std::move(curvature)), options_(options) {
    if (IsWhole()) return;
    for (int64_t repeat = 0; repeat < options_.repeats; ++repeat) {
      for (int64_t step = 0; step < options_.depth; ++step) {
        RandomStream stream(options_.seed, "lissa",
                            {static_cast<uint64_t>(repeat), static_cast<uint64_t>(step)});
        batches_.push_back(
            at::tensor(stream.Sample(curvature_.num_examples(), options_.batch_size), at::kLong));
      }
    }
  }

  // Finds mu. `shape` is a gradient: the shape of its layers is that of all vectors here.
  absl::Status FindLargestEigenvalue(const ParameterVectors& shape, CostLedger& ledger) {
    const int64_t batches =
        IsWhole() ? 1 : std::min(kPowerBatches, options_.depth * options_.repeats);
    RandomStream stream(options_.seed, "lissa power iteration");
    for (int64_t i = 0; i < batches; ++i) {
      const Curvature batch = BatchOf(i / options_.depth, i % options_.depth);
      ParameterVectors vector;
      for (const at::Tensor& layer : shape) {
        at::Tensor start = at::empty({1, layer.size(1), layer.size(2)}, at::kDouble);
        double* entries = start.data_ptr<double>();
        for (int64_t e = 0; e < start.numel(); ++e) entries[e] = stream.Gaussian();
        vector.push_back(start.to(layer.options()));
      }
      double length = Normalise(vector);
      for (int64_t step = 0; step < kPowerSteps && length > 0; ++step) {
        vector = batch.Times(vector, ledger).products;
        length = Normalise(vector);
      }
      if (!std::isfinite(length)) {
        return absl::DataLossError("products with the curvature are not finite");
      }
      largest_ = std::max(largest_, length);
    }
    return absl::OkStatus();
  }

  // FailedPrecondition if curvature and damping are both 0.
  absl::StatusOr<double> Sigma(double lambda) const {
    const double sigma = options_.scaling * (largest_ + lambda);
    if (sigma > 0) return sigma;
    return absl::FailedPreconditionError("the curvature is 0 and so is the damping");
  }

  // x / sigma for the vectors q, averaged over the repeats.
  ParameterVectors Forward(const ParameterVectors& q, double lambda, double sigma,
                           CostLedger& ledger) const {
    ParameterVectors mean;
    for (int64_t repeat = 0; repeat < options_.repeats; ++repeat) {
      ParameterVectors x = q;
      for (int64_t step = 0; step < options_.depth; ++step) {
        x = Step(BatchOf(repeat, step), x, lambda, sigma, ledger);
        for (size_t l = 0; l < x.size(); ++l) x[l].add_(q[l]);
      }
      AddMean(x, sigma, mean);
    }
    return mean;
  }

  // The transpose of Forward as a linear function of the vectors.
  ParameterVectors Backward(const ParameterVectors& s, double lambda, double sigma,
                            CostLedger& ledger) const {
    ParameterVectors mean;
    for (int64_t repeat = 0; repeat < options_.repeats; ++repeat) {
      ParameterVectors w = s, sum;
      for (const at::Tensor& layer : s) sum.push_back(layer.clone());
      for (int64_t step = options_.depth; step-- > 0;) {
        w = Step(BatchOf(repeat, step), w, lambda, sigma, ledger);
        for (size_t l = 0; l < w.size(); ++l) sum[l].add_(w[l]);
      }
      AddMean(sum, sigma, mean);
    }
    return mean;
  }

 private:
  bool IsWhole() const {
    return options_.batch_size == 0 || options_.batch_size >= curvature_.num_examples();
  }

  Curvature BatchOf(int64_t repeat, int64_t step) const {
    return IsWhole() ? curvature_ : curvature_.Batch(batches_[repeat * options_.depth + step]);
  }

  // (1 - lambda / sigma) v - C_B v / sigma.
  static ParameterVectors Step(const Curvature& batch, const ParameterVectors& v, double lambda,
                               double sigma, CostLedger& ledger) {
    ParameterVectors next = batch.Times(v, ledger).products;
    for (size_t l = 0; l < v.size(); ++l) next[l].div_(-sigma).add_(v[l], 1 - lambda / sigma);
    Cost cost;
    cost.flops = 4 * Numbers(v);  // and one more addition by the caller
    ledger.Charge(cost);
    return next;
  }

  void AddMean(const ParameterVectors& of_repeat, double sigma, ParameterVectors& mean) const {
    const double factor = 1 / (sigma * static_cast<double>(options_.repeats));
    for (size_t l = 0; l < of_repeat.size(); ++l) {
      if (mean.size() <= l) {
        mean.push_back(of_repeat[l].mul(factor));
      } else {
        mean[l].add_(of_repeat[l], factor);
      }
    }
  }

  Curvature curvature_;
  LissaOptions options_;
  std::vector<at::Tensor> batches_;  // examples of each step's batch, repeat after repeat
  double largest_ = 0;               // mu
};

class LissaAttribution : public FittedAttribution {
 public:
  LissaAttribution(AttributionTask task, Parameters parameters, Recursion recursion,
                   GradientFactors train, GradientFactors test, double mean_eigenvalue)
      : task_(std::move(task)),
        parameters_(std::move(parameters)),
        recursion_(std::move(recursion)),
        train_(std::move(train)),
        test_(std::move(test)),
        mean_eigenvalue_(mean_eigenvalue) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    const absl::StatusOr<double> lambda = AbsoluteDampingOf(damping);
    if (!lambda.ok()) return lambda.status();
    const absl::StatusOr<double> sigma = recursion_.Sigma(*lambda);
    if (!sigma.ok()) return sigma.status();
    std::vector<at::Tensor> columns;
    for (int64_t begin = 0; begin < test_.num_examples(); begin += VectorsAtOnce()) {
      const int64_t end = std::min(test_.num_examples(), begin + VectorsAtOnce());
      const ParameterVectors q = AsVectors(Rows(test_, begin, end));
      columns.push_back(
          InnerProducts(train_, recursion_.Forward(q, *lambda, *sigma, ledger), ledger));
    }
    return at::cat(columns, 1);
  }

  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                             CostLedger& ledger) override {
    if (const absl::Status status = CheckSubsets(subsets, train_.num_examples()); !status.ok()) {
      return status;
    }
    return std::unique_ptr<SubsetScorer>(new Subsets(*this, subsets, ledger));
  }

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    const auto p = static_cast<double>(train_.num_parameters());
    return AbsoluteDamping(damping, mean_eigenvalue_ * p, p);
  }

  // A recursion has no spectrum at hand, so the moments are those of the empirical Fisher at the
  // same multiple of the mean eigenvalue.
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    if (!(mean_eigenvalue_ > 0)) return absl::FailedPreconditionError("the curvature is 0");
    auto spectrum = FisherSpectrum(task_, parameters_, ledger);
    if (!spectrum.ok()) return spectrum.status();
    std::vector<Damping> relative;
    for (const Damping& damping : dampings) {
      const absl::StatusOr<double> lambda = AbsoluteDampingOf(damping);
      if (!lambda.ok()) return lambda.status();
      relative.push_back({*lambda / mean_eigenvalue_, RELATIVE_TO_MEAN_EIGENVALUE});
    }
    return MakeDampedAttribution({SpectralGroups{*std::move(spectrum)}})->Moments(relative, ledger);
  }

  std::string MomentsOf() const override { return "the empirical Fisher"; }

 private:
  class Subsets : public SubsetScorer {
   public:
    Subsets(const LissaAttribution& fitted, const at::Tensor& subsets, CostLedger& ledger)
        : fitted_(fitted) {
      Cost cost;
      for (const LayerFactors& layer : fitted.train_.layers) {
        const at::Tensor members = subsets.to(layer.deltas.scalar_type());
        std::vector<at::Tensor> of_subsets;  // [out, in]
        for (int64_t m = 0; m < members.size(0); ++m) {
          of_subsets.push_back(
              at::matmul(layer.deltas.mul(members[m].unsqueeze(1)).t(), layer.inputs));
        }
        sums_.push_back(at::stack(of_subsets));
        cost.flops += 2.0 * static_cast<double>(layer.deltas.size(0) * sums_.back().numel());
      }
      ledger.Charge(cost);
    }

    absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger& ledger) override {
      const absl::StatusOr<double> lambda = fitted_.AbsoluteDampingOf(damping);
      if (!lambda.ok()) return lambda.status();
      const absl::StatusOr<double> sigma = fitted_.recursion_.Sigma(*lambda);
      if (!sigma.ok()) return sigma.status();
      const int64_t num_subsets = sums_[0].size(0), at_once = fitted_.VectorsAtOnce();
      std::vector<at::Tensor> columns;  // [test, subsets]
      for (int64_t begin = 0; begin < num_subsets; begin += at_once) {
        const ParameterVectors s = Rows(sums_, begin, std::min(num_subsets, begin + at_once));
        columns.push_back(InnerProducts(
            fitted_.test_, fitted_.recursion_.Backward(s, *lambda, *sigma, ledger), ledger));
      }
      at::Tensor sums = at::cat(columns, 1).t().to(at::kDouble);
      if (const absl::Status status = CheckFinite(sums, "sums of scores"); !status.ok()) {
        return status;
      }
      return sums;
    }

   private:
    const LissaAttribution& fitted_;
    ParameterVectors sums_;  // of the training gradients in each subset
  };

  int64_t VectorsAtOnce() const {
    const auto bytes =
        static_cast<double>(train_.num_parameters() * train_.layers.front().deltas.element_size());
    return std::max<int64_t>(1, static_cast<int64_t>(kVectorBytes / bytes));
  }

  AttributionTask task_;
  Parameters parameters_;
  Recursion recursion_;
  GradientFactors train_, test_;
  double mean_eigenvalue_;  // of the curvature
};

class InfluenceLissa : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    auto curvature = Curvature::Make(*task.model, *parameters, task.curvature_examples(),
                                     ParseCurvatureKind(hyperparameters));
    if (!curvature.ok()) return curvature.status();
    auto train =
        ComputeGradientFactors(*task.model, *parameters, task.train, GradientTarget::kLoss, ledger);
    if (!train.ok()) return train.status();
    auto test =
        ComputeGradientFactors(*task.model, *parameters, task.test, GradientTarget::kLoss, ledger);
    if (!test.ok()) return test.status();
    const double mean_eigenvalue = curvature->MeanEigenvalue(ledger);
    LissaOptions options;
    options.batch_size = hyperparameters.Integer("batch_size");
    options.depth = hyperparameters.Integer("depth");
    options.repeats = hyperparameters.Integer("repeats");
    options.seed = hyperparameters.Integer("seed");
    options.scaling = hyperparameters.Real("scaling");
    Recursion recursion(*std::move(curvature), options);
    const absl::Status status =
        recursion.FindLargestEigenvalue(AsVectors(Rows(*test, 0, 1)), ledger);
    if (!status.ok()) return status;
    return std::unique_ptr<FittedAttribution>(
        new LissaAttribution(task, *parameters, std::move(recursion), *std::move(train),
                             *std::move(test), mean_eigenvalue));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(influence_lissa, InfluenceLissa);

}  // namespace attribench
