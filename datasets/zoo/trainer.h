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

// Trains `model` from scratch on the training examples `indices` by stochastic gradient descent
// with momentum: v <- momentum v + gradient, w <- w - learning_rate v, on the mean cross-entropy of
// shuffled batches (the last of an epoch may be smaller).
//
// Initialisation, order of every epoch and dropout masks come from streams of their own, keyed by
// `seed`: the result is a function of the arguments alone, bit for bit on one CPU model as long as
// the calling thread computes with one thread. Internal, with the epoch, when the loss stops being
// finite. `after_epoch` is shown the parameters as they are after each epoch (1, 2, ...): it must
// copy what it keeps.
using EpochObserver = std::function<void(int64_t epoch, const Parameters&)>;
absl::StatusOr<Parameters> Train(const Model& model, const Dataset& train,
                                 const std::vector<int64_t>& indices, const Recipe& recipe,
                                 uint64_t seed, const EpochObserver& after_epoch = nullptr);

// Every step of a training allocates and frees the same activations: from here on the process keeps
// what any of its threads frees in pieces below 128 MiB, instead of giving it back to the system
// and having it anew page by page. Before it starts threads.
void KeepFreedMemory();

// The learning rate of the step before which the share `elapsed`, in [0, 1], of the steps is done.
double LearningRate(const Recipe& recipe, double elapsed);

// Floating-point operations of one training on `num_examples`: forward, and backward at twice that.
double TrainingFlops(const Model& model, const Recipe& recipe, int64_t num_examples);

// Share of examples whose largest logit is the label's.
double Accuracy(const Model& model, const Parameters& parameters, const Dataset& dataset);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_TRAINER_H_
