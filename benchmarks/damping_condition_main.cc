// SPDX-License-Identifier: Apache-2.0
//
// Tests the theory of the surrogate indicator (evaluators/damping.md) on a setting's retrained
// models, for the exact empirical Fisher at one checkpoint. Everything is of the tuning block.
//
// With subset scores s_A(lambda) = sum over i in A of g_i'(F + lambda I)^-1 q and retrained outputs
// f_A, let c be their Pearson correlation over subsets, w_i = Cov_A(1[i in A], f_A), and, with K =
// G G'/n = U diag(mu) U' and B = U'G q,
//   r  = <U'w, B> / (|U'w| |B|)   with weights 1 / (mu + lambda),
//   xi = t_2 / sqrt(t_1 t_3).
// If r > xi, c rises with lambda. The program prints for each damping how often r > xi, how often c
// rises up to the next damping, and how often the exact criterion agrees with that.
//
// w is estimated from m subsets, and its noise has n coordinates: |U'w|^2 of the estimate is many
// times too large. With w the mean of z_A = (1_A - mean)(f_A - mean), the unbiased value is
// (m |U'w|^2 - mean |U'z_A|^2) / (m - 1). One test example's is noisy, so |U'w|^2 / Var(f) is taken
// to be the same for all: its mean over the test examples. Where one half of the subsets gives less
// than half of what all give, there is no r.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_format.h"
#include "benchmarks/loaded_setting.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/tuners/surrogate_indicator.h"
#include "methods/curvature/fisher_spectrum.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "mnist_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(int, threads, 0, "threads; default: one per core");

namespace attribench {
namespace {

// Pearson correlations of the columns of x and y [subsets, tests], [tests].
at::Tensor Correlations(const at::Tensor& x, const at::Tensor& y) {
  const at::Tensor a = x.sub(x.mean(0)), b = y.sub(y.mean(0));
  return a.mul(b).sum(0).div(a.square().sum(0).mul(b.square().sum(0)).sqrt());
}

// |U'w|^2 / Var(f), without the noise of w: the mean over tests. projected [m, r]: U'1_A; outputs
// [m, tests]; weights [r, 1].
double SquaredNormOfW(const at::Tensor& projected, const at::Tensor& outputs,
                      const at::Tensor& weights) {
  const auto m = static_cast<double>(outputs.size(0));
  const at::Tensor p = projected.sub(projected.mean(0)), f = outputs.sub(outputs.mean(0));
  const at::Tensor of_estimate = at::matmul(p.t(), f).div(m).square().mul(weights).sum(0);
  const at::Tensor of_terms = at::matmul(p.square(), weights).mul(f.square()).mean(0);
  return of_estimate.mul(m).sub(of_terms).div(m - 1).div(f.square().mean(0)).mean().item<double>();
}

// What is known at one damping, of the tuning tests.
struct AtDamping {
  double multiple = 0;  // of the mean eigenvalue
  double lds = 0;
  at::Tensor correlation, r, xi;  // [tests]; r may be undefined
  at::Tensor criterion;           // [tests] bool: the exact criterion, halfway to the next damping
};

// The square root of the ratio of two neighbours in the grid.
const double kHalfway = std::pow(10, 0.25);

double Share(const at::Tensor& holds) { return holds.to(at::kDouble).mean().item<double>(); }

absl::Status Run() {
  const absl::StatusOr<int> threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) return threads.status();
  at::set_num_threads(*threads);
  const auto loaded = LoadNamedSetting(absl::GetFlag(FLAGS_setting), /*zoo=*/"");
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<MethodVariant> fisher = FindMethodVariant("fisher");
  if (!fisher.ok()) return fisher.status();

  AttributionTask task = MakeTask(*loaded);
  const at::Tensor tests = at::tensor(loaded->blocks.tuning.tests, at::kLong);
  const at::Tensor subsets = at::tensor(loaded->blocks.tuning.subsets, at::kLong);
  task.test = task.test.Rows(tests);
  const auto parameters = task.checkpoint(CheckpointKind::kFullData, 0);
  if (!parameters.ok()) return parameters.status();
  CostLedger ledger;
  const auto spectrum = FisherSpectrum(task, *parameters, ledger);
  if (!spectrum.ok()) return spectrum.status();

  const auto n = static_cast<double>(task.train.size());
  const at::Tensor members = loaded->truth.subsets.index_select(0, subsets).to(at::kDouble);
  const at::Tensor outputs = loaded->truth.negative_loss.to(at::kDouble)
                                 .mean(1)
                                 .index_select(0, subsets)
                                 .index_select(1, tests);
  const at::Tensor u = spectrum->left.to(at::kDouble), b = spectrum->right.to(at::kDouble);
  const at::Tensor centred = members.sub(members.mean(0));
  const auto m = static_cast<double>(members.size(0));
  const at::Tensor deviations = outputs.sub(outputs.mean(0));
  const at::Tensor variance = deviations.square().mean(0);  // [tests]
  const at::Tensor w = at::matmul(centred.t(), deviations).div(m);
  const at::Tensor uw = at::matmul(u.t(), w), sums = at::matmul(members, u);
  const int64_t half = members.size(0) / 2;

  std::vector<AtDamping> all;
  for (const Damping& damping : fisher->hyperparameters.DampingGrid()) {
    const auto lambda = AbsoluteDamping(damping, spectrum->trace, spectrum->dimension);
    if (!lambda.ok()) return lambda.status();
    const at::Tensor inverse = spectrum->eigenvalues.add(*lambda).reciprocal().unsqueeze(1);
    const at::Tensor scores = at::matmul(sums, b.mul(inverse));  // [subsets, tests]
    AtDamping here;
    here.multiple = damping.value;
    const absl::StatusOr<double> lds = MeanLds(scores, outputs);
    here.lds = lds.ok() ? *lds : std::nan("");
    here.correlation = Correlations(scores, outputs);
    const at::Tensor squares = b.square().div(n);
    const at::Tensor t1 = squares.mul(inverse).sum(0), t2 = squares.mul(inverse.square()).sum(0),
                     t3 = squares.mul(inverse.pow(3)).sum(0);
    here.xi = SurrogateIndicator({t1, t2, t3});
    const double norm = SquaredNormOfW(sums, outputs, inverse);
    const double least =
        std::min(SquaredNormOfW(sums.slice(0, 0, half), outputs.slice(0, 0, half), inverse),
                 SquaredNormOfW(sums.slice(0, half), outputs.slice(0, half), inverse));
    if (norm > 0 && least > norm / 2) {
      here.r = uw.mul(b).mul(inverse).sum(0).div(
          variance.mul(norm).mul(b.square().mul(inverse).sum(0)).sqrt());
    }
    const at::Tensor later =
        spectrum->eigenvalues.add(*lambda * kHalfway).reciprocal().unsqueeze(1);
    const at::Tensor products = uw.mul(b).mul(later);
    here.criterion =
        products.mul(later)
            .sum(0)
            .div(products.sum(0))
            .lt(squares.mul(later.pow(3)).sum(0).div(squares.mul(later.square()).sum(0)));
    all.push_back(here);
  }

  std::cout << absl::StrFormat(
      "%s, fisher, tuning block: %d tests, %d subsets, outputs averaged over %d seeds\n"
      "damping: multiple of the mean eigenvalue; rises: from this damping to the next\n\n"
      "%10s %7s %7s %7s %8s %8s %8s\n",
      loaded->facts.name(), tests.size(0), subsets.size(0), loaded->truth.negative_loss.size(1),
      "damping", "LDS", "mean xi", "mean r", "r > xi", "c rises", "agree");
  int64_t holding = 0, rising_of_holding = 0, pairs = 0, rising = 0, agreeing = 0;
  size_t best = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const AtDamping& here = all[i];
    if (here.lds > all[best].lds) best = i;
    std::cout << absl::StrFormat("%10.3g %7.3f %7.3f", here.multiple, here.lds,
                                 here.xi.mean().item<double>());
    std::cout << (here.r.defined() ? absl::StrFormat(" %7.3f %7.1f%%", here.r.mean().item<double>(),
                                                     100 * Share(here.r.gt(here.xi)))
                                   : absl::StrFormat(" %7s %8s", "-", "-"));
    if (i + 1 < all.size()) {
      // The theory is for positive correlations.
      const at::Tensor positive = here.correlation.gt(0);
      const at::Tensor holds =
          here.r.defined() ? here.r.gt(here.xi).logical_and(positive) : at::zeros_like(positive);
      const at::Tensor rises = all[i + 1].correlation.gt(here.correlation).logical_and(positive);
      const int64_t h = holds.sum().item<int64_t>();
      const int64_t both = holds.logical_and(rises).sum().item<int64_t>();
      holding += h;
      rising_of_holding += both;
      pairs += positive.sum().item<int64_t>();
      rising += rises.sum().item<int64_t>();
      std::cout << absl::StrFormat(" %7.1f%%", 100 * Share(rises));
      const at::Tensor agree = here.criterion.eq(rises).logical_and(positive);
      agreeing += agree.sum().item<int64_t>();
      std::cout << absl::StrFormat(" %7.1f%%", 100 * agree.sum().item<double>() /
                                                   std::max(1.0, positive.sum().item<double>()));
    }
    std::cout << "\n";
  }
  std::cout << absl::StrFormat(
      "\nOf %d pairs of test and damping with c > 0: c rises in %d; the exact criterion agrees "
      "with "
      "that in %.1f%%;\nr > xi in %d, and c rises in %d of these. At the best LDS (damping %.3g): "
      "mean r %.3f, mean xi %.3f.\n",
      pairs, rising, 100.0 * agreeing / std::max<int64_t>(1, pairs), holding, rising_of_holding,
      all[best].multiple, all[best].r.defined() ? all[best].r.mean().item<double>() : std::nan(""),
      all[best].xi.mean().item<double>());
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  absl::SetProgramUsageMessage("Tests the theory of the surrogate indicator on retrained models.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = attribench::Run();
  if (!status.ok()) std::cerr << "damping_condition: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
