// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_TRAINER_H_
#define ATTRIBENCH_DATASETS_ZOO_TRAINER_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Called after each epoch (1, 2, ...) with the current parameters. It must copy what it keeps.
using EpochObserver = std::function<void(int64_t epoch, const Parameters&)>;

// Trains `model` from scratch on the examples `indices` of `train`, by stochastic gradient descent
// with momentum on the mean cross-entropy of a batch:
//
//   v <- momentum * v + gradient
//   w <- w - learning_rate * v
//
// Examples are shuffled every epoch; the last batch of an epoch may be smaller. Initial weights,
// the order of each epoch and dropout masks come from separate random streams with the key `seed`.
// So the result depends on the arguments only, bit for bit on one CPU model if LibTorch uses one
// thread.
//
// InvalidArgument if `indices` is empty. Internal if a parameter or a running statistic is no
// longer finite after an epoch; the message says which and in which epoch.
absl::StatusOr<Parameters> Train(const Model& model, const Dataset& train,
                                 const std::vector<int64_t>& indices, const Recipe& recipe,
                                 uint64_t seed, const EpochObserver& after_epoch = nullptr);

// Makes the process keep freed memory (pieces below 128 MiB) instead of returning it to the system.
// This is faster because every training step allocates and frees the same activations. Call it
// before the process starts threads.
void KeepFreedMemory();

// The learning rate of the next step if the fraction `elapsed`, in [0, 1], of all steps is done.
double LearningRate(const Recipe& recipe, double elapsed);

// The sum of the learning rates of all steps of a training on `num_examples` examples, over
// 1 - momentum: how long gradient descent has run, in units in which its rate is 1.
double TrainingTime(const Recipe& recipe, int64_t num_examples);

// Floating-point operations of one training on `num_examples` examples: a forward pass, plus a
// backward pass at twice its cost, per example and epoch.
double TrainingFlops(const Model& model, const Recipe& recipe, int64_t num_examples);

// The fraction of examples for which the logit of the label is the largest.
double Accuracy(const Model& model, const Parameters& parameters, const Dataset& dataset);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_TRAINER_H_
