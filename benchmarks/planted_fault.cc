// SPDX-License-Identifier: Apache-2.0
//
// grad_dot once more, as "planted", with the fault that PLANTED_FAULT names: for tests that faults
// are noticed.
#include <cstdlib>
#include <string>

#include "ATen/ATen.h"
#include "methods/registry.h"

namespace attribench {
namespace {

bool Planted(const char* fault) {
  const char* planted = std::getenv("PLANTED_FAULT");
  return planted != nullptr && std::string(planted) == fault;
}

class FittedPlanted : public FittedAttribution {
 public:
  explicit FittedPlanted(std::unique_ptr<FittedAttribution> sound) : sound_(std::move(sound)) {}
  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    absl::StatusOr<at::Tensor> scores = sound_->Scores(damping, ledger);
    if (scores.ok() && Planted("sign_error")) return scores->neg();
    return scores;
  }

 private:
  std::unique_ptr<FittedAttribution> sound_;
};

class PlantedFault : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    const absl::StatusOr<MethodVariant> grad_dot = FindMethodVariant("grad_dot");
    if (!grad_dot.ok()) return grad_dot.status();
    const auto fit = [&](CostLedger& to) {
      return grad_dot->method->make()->Fit(task, grad_dot->hyperparameters, to);
    };
    if (Planted("refusal")) return absl::UnimplementedError("planted refusal");
    if (Planted("twice_as_slow")) {
      CostLedger scratch;
      if (const auto again = fit(scratch); !again.ok()) return again.status();
    }
    if (Planted("extra_retraining")) {
      Cost cost;
      cost.retrainings = 1;
      ledger.Charge(cost);
    }
    auto fitted = fit(ledger);
    if (!fitted.ok()) return fitted.status();
    return std::unique_ptr<FittedAttribution>(new FittedPlanted(*std::move(fitted)));
  }
};

[[maybe_unused]] const bool registered_space = RegisterHyperparameterSpace(
    "planted", "summary: 'grad_dot with a fault' source: 'a test' informative: true");

}  // namespace

ATTRIBENCH_REGISTER_METHOD(planted, PlantedFault);

}  // namespace attribench
