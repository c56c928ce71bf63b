// SPDX-License-Identifier: Apache-2.0
//
// Scores are random numbers. The number of a pair of examples is a function of their contents and
// the seed, so that reordering the examples reorders the scores, as for every method.
#include "ATen/ATen.h"
#include "datasets/fnv.h"
#include "datasets/random_stream.h"
#include "methods/attribution_method.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// The FNV-1a hash of each example's inputs.
std::vector<uint64_t> Hashes(const Dataset& dataset) {
  const at::Tensor inputs = dataset.inputs.cpu().flatten(1).contiguous();
  const int64_t bytes = inputs.size(1) * static_cast<int64_t>(inputs.element_size());
  const auto* data = static_cast<const char*>(inputs.data_ptr());
  std::vector<uint64_t> hashes;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    hashes.push_back(Fnv1a({data + i * bytes, static_cast<size_t>(bytes)}));
  }
  return hashes;
}

class FittedRandom : public FittedAttribution {
 public:
  FittedRandom(const AttributionTask& task, uint64_t seed)
      : train_(Hashes(task.train)),
        test_(Hashes(task.test)),
        seed_(seed),
        device_(task.train.inputs.device()) {}

  absl::StatusOr<at::Tensor> Scores(const Damping&, CostLedger&) override {
    const int64_t n = static_cast<int64_t>(train_.size()), t = static_cast<int64_t>(test_.size());
    at::Tensor scores = at::empty({n, t}, at::kFloat);
    float* data = scores.data_ptr<float>();
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < t; ++j) {
        data[i * t + j] =
            static_cast<float>(RandomStream(seed_, "score", {train_[i], test_[j]}).Gaussian());
      }
    }
    return scores.to(device_);
  }

 private:
  std::vector<uint64_t> train_, test_;
  uint64_t seed_;
  at::Device device_;
};

class Random : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger&) override {
    return std::unique_ptr<FittedAttribution>(
        new FittedRandom(task, hyperparameters.Integer("seed")));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(random, Random);

}  // namespace attribench
