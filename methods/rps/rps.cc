// SPDX-License-Identifier: Apache-2.0
//
// Representer points. The last layer Theta is fitted again on penultimate features f (with a 1
// appended), to minimise mean cross-entropy + l2 |Theta|^2. At the minimum
//   Theta = sum_i alpha_i f_i'   with alpha_i = -(1 / (2 l2 n)) dL_i / dlogits,
// so the logit of a test example's class y is the sum over training examples of
//   score_i = alpha_{i, y} f_i . f.
#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "c10/core/GradMode.h"
#include "methods/registry.h"
#include "torch/optim/lbfgs.h"

namespace attribench {
namespace {

constexpr int64_t kMaxIterations = 2000;
constexpr double kGradientTolerance = 1e-9;

// Gradients of the examples' losses at the logits, p - onehot(y): [n, classes].
at::Tensor AtLogits(const at::Tensor& theta, const at::Tensor& features, const at::Tensor& labels) {
  return at::softmax(at::matmul(features, theta.t()), 1)
      .sub_(at::one_hot(labels, theta.size(0)).to(at::kDouble));
}

// One thread while it exists. The number of evaluations of a line search depends on the last bits
// of sums, and these on the number of threads: the same work would be charged differently.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }

 private:
  int before_;
};

// The optimal Theta [classes, k] for features [n, k]. Internal if the optimiser does not reach it.
absl::StatusOr<at::Tensor> Refit(const at::Tensor& features, const at::Tensor& labels,
                                 int64_t classes, double l2, CostLedger& ledger) {
  const double n = static_cast<double>(features.size(0));
  at::Tensor theta = at::zeros({classes, features.size(1)}, at::kDouble);
  const auto gradient = [&] {
    return at::matmul(AtLogits(theta.detach(), features, labels).t(), features)
        .div_(n)
        .add_(theta.detach(), 2 * l2);
  };
  double evaluations = 0;
  torch::optim::LBFGS optimiser({theta.requires_grad_(true)},
                                torch::optim::LBFGSOptions(1)
                                    .max_iter(kMaxIterations)
                                    .max_eval(10 * kMaxIterations)
                                    .tolerance_grad(kGradientTolerance)
                                    .tolerance_change(0)
                                    .history_size(20)
                                    .line_search_fn("strong_wolfe"));
  optimiser.step([&] {
    c10::NoGradGuard no_grad;
    ++evaluations;
    theta.mutable_grad() = gradient();
    const at::Tensor log_probabilities = at::log_softmax(at::matmul(features, theta.t()), 1);
    return at::nll_loss(log_probabilities, labels).add(theta.square().sum(), l2);
  });
  Cost cost;
  cost.flops = evaluations * 6 * n * theta.numel();
  ledger.Charge(cost);
  const double left = gradient().abs().max().item<double>();
  if (!(left <= 1e3 * kGradientTolerance)) {
    return absl::InternalError(absl::StrCat("the last layer could not be refitted: a gradient of ",
                                            left, " is left after ", evaluations, " evaluations"));
  }
  return theta.detach();
}

class Rps : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const OneThread one_thread;
    const double l2 = hyperparameters.Real("l2");
    const bool normalise = hyperparameters.Choice("normalise") == "yes";
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto features = [&](const Dataset& data) {  // [n, k + 1]
      at::Tensor f = PenultimateFeatures(*task.model, *parameters, data.inputs).to(at::kDouble);
      f = at::cat({f, at::ones({f.size(0), 1}, f.options())}, 1);
      return normalise ? f.div(f.norm(2, {1}, /*keepdim=*/true)) : f;
    };
    const at::Tensor train = features(task.train), test = features(task.test);
    const double n = static_cast<double>(task.train.size());
    Cost cost;
    cost.flops = (n + task.test.size()) * task.model->ForwardFlops() +
                 2 * n * static_cast<double>(test.numel());
    ledger.Charge(cost);
    if (const absl::Status status = CheckFinite(train, "features"); !status.ok()) return status;
    // On the CPU: the optimiser asks for one number after the other.
    const auto theta =
        Refit(train.cpu(), task.train.labels.cpu(), task.model->num_classes(), l2, ledger);
    if (!theta.ok()) return theta.status();
    const at::Tensor alpha =
        AtLogits(theta->to(train.device()), train, task.train.labels).div_(-2 * l2 * n);
    return MakeUndampedAttribution(
        at::matmul(train, test.t()).mul_(alpha.index_select(1, task.test.labels)));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(rps, Rps);

}  // namespace attribench
