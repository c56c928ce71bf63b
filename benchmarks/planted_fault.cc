// SPDX-License-Identifier: Apache-2.0
//
// Two methods that test whether the regression gate notices faults: "planted" has the fault that
// the environment variable PLANTED_FAULT names, "sound" never has a fault. Both compute the inner
// products of loss gradients, ten times: their time goes into arithmetic, as in the reference
// kernel, so a busy machine slows down all of them alike.
#include <cstdlib>
#include <string>

#include "ATen/ATen.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Sound : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    if (fault_ == "refusal") return absl::UnimplementedError("planted refusal");
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto score = [&](CostLedger& to) -> absl::StatusOr<at::Tensor> {
      const auto gradients = [&](const Dataset& data) {
        return ComputeGradientFactors(*task.model, *parameters, data, GradientTarget::kLoss, to);
      };
      const auto train = gradients(task.train), test = gradients(task.test);
      if (!train.ok() || !test.ok()) return train.ok() ? test.status() : train.status();
      for (int round = 1; round < 10; ++round) InnerProducts(*train, *test, to);
      return InnerProducts(*train, *test, to);
    };
    absl::StatusOr<at::Tensor> scores = score(ledger);
    if (!scores.ok()) return scores.status();
    if (fault_ == "sign_error") scores->neg_();
    if (fault_ == "extra_retraining") {
      Cost cost;
      cost.retrainings = 1;
      ledger.Charge(cost);
    }
    if (fault_ == "twice_as_slow") {  // the ledger does not show it
      CostLedger scratch;
      if (const auto again = score(scratch); !again.ok()) return again.status();
    }
    return MakeUndampedAttribution(*scores);
  }

 protected:
  std::string fault_;
};

class Planted : public Sound {
 public:
  Planted() {
    const char* fault = std::getenv("PLANTED_FAULT");
    if (fault != nullptr) fault_ = fault;
  }
};

constexpr char kSpace[] = "summary: 'inner products' source: 'a test' informative: true";
[[maybe_unused]] const bool registered_spaces =
    RegisterHyperparameterSpace("planted", kSpace) && RegisterHyperparameterSpace("sound", kSpace);

}  // namespace

ATTRIBENCH_REGISTER_METHOD(planted, Planted);
ATTRIBENCH_REGISTER_METHOD(sound, Sound);

}  // namespace attribench
