// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/reference_attribution.h"

#include <utility>
#include <vector>

#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/margin_fisher.h"
#include "methods/fit_on_device.h"

namespace attribench {
namespace {

class Reference : public AttributionMethod {
 public:
  explicit Reference(const CheckpointId& checkpoint) : checkpoint_(checkpoint) {}

  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    AttributionTask task = given;
    task.one_damping = true;
    const auto parameters = task.checkpoint(checkpoint_.first, checkpoint_.second);
    if (!parameters.ok()) return parameters.status();
    auto margin = ComputeMarginFisher(task, *parameters, ledger);
    if (!margin.ok()) return margin.status();
    DampedAttributionOptions options;
    options.train_weights = margin->gap;
    std::vector<SpectralGroups> spectra;
    spectra.push_back({std::move(margin->spectrum)});
    return MakeDampedAttribution(std::move(spectra), std::move(options));
  }

 private:
  const CheckpointId checkpoint_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FittedAttribution>> FitReference(const AttributionTask& task,
                                                                const CheckpointId& checkpoint,
                                                                CostLedger& ledger) {
  Reference reference(checkpoint);
  return FitOnDevice(reference, task, Hyperparameters(), ledger);
}

}  // namespace attribench
