// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/trainer.h"

#include <malloc.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "c10/core/GradMode.h"
#include "torch/csrc/autograd/autograd.h"
#include "torch/csrc/autograd/variable.h"

namespace attribench {

absl::StatusOr<Parameters> Train(const Model& model, const Dataset& train,
                                 const std::vector<int64_t>& indices, const Recipe& recipe,
                                 uint64_t seed, const EpochObserver& after_epoch) {
  const int64_t n = static_cast<int64_t>(indices.size());
  if (n == 0) return absl::InvalidArgumentError("training needs at least one example");
  const Dataset examples = train.Rows(at::tensor(indices, at::kLong));

  RandomStream initialisation(seed, "initialisation");
  RandomStream dropout(seed, "dropout");
  Parameters parameters = model.Initialise(initialisation);
  std::vector<at::Tensor> weights, velocities;
  for (Parameter& parameter : parameters) {
    if (!parameter.trained) continue;
    parameter.value.set_requires_grad(true);
    weights.push_back(parameter.value);
    velocities.push_back(at::zeros_like(parameter.value));
  }

  const int64_t steps = (n + recipe.batch_size() - 1) / recipe.batch_size();  // per epoch
  for (int64_t epoch = 0; epoch < recipe.epochs(); ++epoch) {
    const at::Tensor order = at::tensor(
        RandomStream(seed, "order", {static_cast<uint64_t>(epoch)}).Permutation(n), at::kLong);
    for (int64_t begin = 0; begin < n; begin += recipe.batch_size()) {
      const at::Tensor batch = order.slice(0, begin, std::min(n, begin + recipe.batch_size()));
      const at::Tensor y = examples.labels.index_select(0, batch);
      const at::Tensor logits =
          model.Logits(parameters, examples.inputs.index_select(0, batch), &dropout);

      c10::AutoGradMode no_grad(false);
      // The gradient of the mean cross-entropy with respect to the logits.
      at::Tensor delta = at::softmax(logits, 1);
      delta.scatter_add_(1, y.unsqueeze(1), at::full({batch.size(0), 1}, -1.0f));
      delta.div_(batch.size(0));
      const std::vector<at::Tensor> gradients = torch::autograd::grad({logits}, weights, {delta});
      const double rate =
          LearningRate(recipe, static_cast<double>(epoch * steps + begin / recipe.batch_size()) /
                                   static_cast<double>(recipe.epochs() * steps));
      for (size_t i = 0; i < weights.size(); ++i) {
        velocities[i].mul_(recipe.momentum()).add_(gradients[i]);
        weights[i].add_(velocities[i], -rate);
      }
    }
    if (const absl::Status status = CheckFinite(parameters); !status.ok()) {
      return absl::InternalError(absl::StrCat(
          "training with seed ", seed, " diverged in epoch ", epoch + 1, ": ", status.message(),
          "; lower recipe.learning_rate (", recipe.learning_rate(), ")"));
    }
    if (after_epoch) after_epoch(epoch + 1, parameters);
  }
  for (Parameter& parameter : parameters) parameter.value = parameter.value.detach();
  return parameters;
}

void KeepFreedMemory() {
  mallopt(M_ARENA_MAX, 1);  // other arenas would return every large block to the system
  mallopt(M_MMAP_THRESHOLD, 128 << 20);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

double LearningRate(const Recipe& recipe, double elapsed) {
  return recipe.learning_rate() * (recipe.schedule() == LINEAR_TO_ZERO ? 1 - elapsed : 1);
}

double TrainingTime(const Recipe& recipe, int64_t num_examples) {
  const int64_t steps =
      recipe.epochs() * ((num_examples + recipe.batch_size() - 1) / recipe.batch_size());
  double sum = 0;
  for (int64_t step = 0; step < steps; ++step) {
    sum += LearningRate(recipe, static_cast<double>(step) / static_cast<double>(steps));
  }
  return sum / (1 - recipe.momentum());
}

double TrainingFlops(const Model& model, const Recipe& recipe, int64_t num_examples) {
  return 3 * model.ForwardFlops() * num_examples * recipe.epochs();
}

double Accuracy(const Model& model, const Parameters& parameters, const Dataset& dataset) {
  c10::AutoGradMode no_grad(false);
  const at::Tensor guess = EvaluateLogits(model, parameters, dataset.inputs).argmax(1);
  return guess.eq(dataset.labels).to(at::kDouble).mean().item<double>();
}

}  // namespace attribench
