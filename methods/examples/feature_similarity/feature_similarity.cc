// SPDX-License-Identifier: Apache-2.0
//
// score_i = cosine of the penultimate features of the training and the test example; with a minus
// sign if their labels differ.
#include "ATen/ATen.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class FeatureSimilarity : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto features = [&](const Dataset& data) {  // [n, k], rows of length 1
      const at::Tensor f = PenultimateFeatures(*task.model, *parameters, data.inputs);
      return f.div(f.norm(2, {1}, /*keepdim=*/true));
    };
    const at::Tensor same = task.train.labels.unsqueeze(1).eq(task.test.labels.unsqueeze(0));
    const at::Tensor cosine = at::matmul(features(task.train), features(task.test).t());
    Cost cost;
    cost.flops = (task.train.size() + task.test.size()) * task.model->ForwardFlops();
    ledger.Charge(cost);
    return MakeUndampedAttribution(at::where(same, cosine, -cosine));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(feature_similarity, FeatureSimilarity);

}  // namespace attribench
