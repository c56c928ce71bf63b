// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_WORKED_EXAMPLE_H_
#define ATTRIBENCH_METHODS_WORKED_EXAMPLE_H_

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"
#include "methods/attribution_method.h"

namespace attribench {

// For tests: a problem that dense algebra can solve. Points of three overlapping classes in six
// dimensions, and a model trained on them to the end, all in double.
class WorkedExample {
 public:
  // `hidden_units` empty: softmax regression (convex). 60 training examples, 12 test examples.
  explicit WorkedExample(std::vector<int64_t> hidden_units = {});

  // The same with images of 6 x 6 pixels and a ResNet-9 of width 2: convolutions and batch norm.
  static WorkedExample WithConvolutions();

  // The same images and a CNN: convolutions with bias, and no batch norm.
  static WorkedExample WithCnn();

  // Each checkpoint is trained once, on all or on half of the training examples. There are ten
  // along the run.
  AttributionTask Task() const;
  const Dataset& train() const { return train_; }
  const Dataset& test() const { return test_; }
  const Model& model() const { return *model_; }

  // Parameters after training on `examples` with `seed`, in double.
  Parameters Retrain(const std::vector<int64_t>& examples, uint64_t seed) const {
    return Retrain(examples, seed, recipe_.epochs());
  }

  // Random halves of the training examples, [m, train] bool, and -loss of the models retrained on
  // each, the mean over three seeds, [m, test] float64.
  struct Retrained {
    at::Tensor subsets;
    at::Tensor outputs;
  };
  Retrained RetrainSubsets(int64_t num_subsets) const;

 private:
  WorkedExample(const ModelSpec& model, Dataset train, Dataset test, int64_t epochs);
  Parameters Retrain(const std::vector<int64_t>& examples, uint64_t seed, int64_t epochs) const;
  // The training examples that a checkpoint sees.
  static std::vector<int64_t> CheckpointExamples(CheckpointKind kind, int64_t index);

  Recipe recipe_;
  Dataset train_, test_;
  std::shared_ptr<Model> model_;
  mutable std::map<std::pair<CheckpointKind, int64_t>, Parameters> checkpoints_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_WORKED_EXAMPLE_H_
