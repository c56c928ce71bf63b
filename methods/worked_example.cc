// SPDX-License-Identifier: Apache-2.0
#include "methods/worked_example.h"

#include <numeric>
#include <utility>

#include "ATen/ATen.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/model_outputs.h"
#include "datasets/random_stream.h"
#include "datasets/zoo/trainer.h"

namespace attribench {
namespace {

constexpr int64_t kTrain = 60, kTest = 12, kInputs = 6, kClasses = 3, kSide = 6, kAlongRun = 10;

Dataset DrawPoints(int64_t count, uint64_t split) {
  at::Tensor inputs = at::empty({count, kInputs}, at::kDouble);
  at::Tensor labels = at::empty({count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    RandomStream stream(11, "worked example", {split, static_cast<uint64_t>(i)});
    const int64_t label = i % kClasses;
    labels[i] = label;
    for (int64_t d = 0; d < kInputs; ++d) inputs[i][d] = stream.Gaussian() + (d == label ? 1.5 : 0);
  }
  return {inputs, labels};
}

// Two rows of each class's own stand out from noise.
Dataset DrawImages(int64_t count, uint64_t split) {
  at::Tensor inputs = at::empty({count, 1, kSide, kSide}, at::kDouble);
  at::Tensor labels = at::empty({count}, at::kLong);
  double* pixel = inputs.data_ptr<double>();
  for (int64_t i = 0; i < count; ++i) {
    RandomStream stream(11, "worked images", {split, static_cast<uint64_t>(i)});
    const int64_t label = i % kClasses;
    labels[i] = label;
    for (int64_t j = 0; j < kSide * kSide; ++j) {
      *pixel++ = stream.Gaussian() + (j / kSide / 2 == label ? 1 : 0);
    }
  }
  return {inputs, labels};
}

ModelSpec MlpOf(const std::vector<int64_t>& hidden_units) {
  ModelSpec spec;
  spec.mutable_mlp()->set_num_inputs(kInputs);
  spec.mutable_mlp()->set_num_classes(kClasses);
  for (const int64_t units : hidden_units) spec.mutable_mlp()->add_hidden_units(units);
  return spec;
}

}  // namespace

WorkedExample::WorkedExample(std::vector<int64_t> hidden_units)
    : WorkedExample(MlpOf(hidden_units), DrawPoints(kTrain, 0), DrawPoints(kTest, 1), 40) {}

WorkedExample WorkedExample::WithConvolutions() {
  ModelSpec spec;
  spec.mutable_resnet9()->set_num_channels(1);
  spec.mutable_resnet9()->set_image_size(kSide);
  spec.mutable_resnet9()->set_width(2);
  spec.mutable_resnet9()->set_num_classes(kClasses);
  return WorkedExample(spec, DrawImages(kTrain, 0), DrawImages(kTest, 1), 10);
}

WorkedExample WorkedExample::WithCnn() {
  ModelSpec spec;
  spec.mutable_cnn()->set_num_channels(1);
  spec.mutable_cnn()->set_image_size(kSide);
  spec.mutable_cnn()->add_filters(3);
  spec.mutable_cnn()->add_filters(4);
  spec.mutable_cnn()->set_num_classes(kClasses);
  return WorkedExample(spec, DrawImages(kTrain, 0), DrawImages(kTest, 1), 10);
}

WorkedExample::WorkedExample(const ModelSpec& model, Dataset train, Dataset test, int64_t epochs)
    : train_(std::move(train)), test_(std::move(test)), model_(*MakeModel(model)) {
  recipe_.set_learning_rate(0.05);
  recipe_.set_momentum(0.9);
  recipe_.set_epochs(epochs);
  recipe_.set_batch_size(10);
}

Parameters WorkedExample::Retrain(const std::vector<int64_t>& examples, uint64_t seed,
                                  int64_t epochs) const {
  Recipe recipe = recipe_;
  recipe.set_epochs(epochs);
  const Dataset single = {train_.inputs.to(at::kFloat), train_.labels};
  Parameters parameters = *Train(*model_, single, examples, recipe, seed);
  for (Parameter& parameter : parameters) parameter.value = parameter.value.to(at::kDouble);
  return parameters;
}

std::vector<int64_t> WorkedExample::CheckpointExamples(CheckpointKind kind, int64_t index) {
  if (kind == CheckpointKind::kHalfData) {
    return RandomStream(12, "half", {static_cast<uint64_t>(index)}).Sample(kTrain, kTrain / 2);
  }
  std::vector<int64_t> all(kTrain);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

AttributionTask WorkedExample::Task() const {
  AttributionTask task;
  task.train = train_;
  task.test = test_;
  task.model = model_.get();
  task.checkpoint = [this](CheckpointKind kind, int64_t index) -> absl::StatusOr<Parameters> {
    if (kind == CheckpointKind::kAlongRun && index >= kAlongRun) {
      return absl::OutOfRangeError("no such checkpoint along the run");
    }
    auto [found, is_new] = checkpoints_.try_emplace({kind, index});
    if (is_new) {
      const std::vector<int64_t> examples = CheckpointExamples(kind, index);
      // A run that stops early is the beginning of the longer one.
      found->second =
          kind == CheckpointKind::kAlongRun
              ? Retrain(examples, 100, recipe_.epochs() * (kAlongRun - index) / kAlongRun)
              : Retrain(examples, 100 + index);
    }
    return found->second;
  };
  task.trained_on = [](CheckpointKind kind, int64_t index) -> absl::StatusOr<at::Tensor> {
    at::Tensor mask = at::zeros({kTrain}, at::kBool);
    mask.index_fill_(0, at::tensor(CheckpointExamples(kind, index), at::kLong), true);
    return mask;
  };
  task.learning_rate = [this](double number) {
    return LearningRate(recipe_, 1 - number / kAlongRun);
  };
  task.training_cost = [](CheckpointKind) {
    Cost cost;
    cost.retrainings = 1;
    return cost;
  };
  return task;
}

WorkedExample::Retrained WorkedExample::RetrainSubsets(int64_t num_subsets) const {
  constexpr int kSeeds = 3;
  Retrained result = {at::zeros({num_subsets, kTrain}, at::kBool),
                      at::zeros({num_subsets, kTest}, at::kDouble)};
  for (int64_t m = 0; m < num_subsets; ++m) {
    const std::vector<int64_t> examples =
        RandomStream(13, "subset", {static_cast<uint64_t>(m)}).Sample(kTrain, kTrain / 2);
    result.subsets[m].index_fill_(0, at::tensor(examples, at::kLong), true);
    for (int seed = 0; seed < kSeeds; ++seed) {
      const at::Tensor logits = model_->Logits(Retrain(examples, 1000 * seed + m), test_.inputs);
      result.outputs[m].add_(OutputsOfLogits(logits, test_.labels).negative_loss, 1.0 / kSeeds);
    }
  }
  return result;
}

}  // namespace attribench
