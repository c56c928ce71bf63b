// SPDX-License-Identifier: Apache-2.0
//
// score_i = mean over checkpoints of g_i' (F + lambda I)^-1 q, with F the empirical Fisher matrix
// of all parameters. F is never stored: see FisherSpectrum.
#include "methods/attribution_method.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/fisher_spectrum.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Fisher : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto checkpoints = ReadCheckpoints(task, ParseCheckpointKind(hyperparameters),
                                             hyperparameters.Integer("checkpoints"), ledger);
    if (!checkpoints.ok()) return checkpoints.status();
    std::vector<SpectralGroups> spectra;
    for (const Parameters& parameters : *checkpoints) {
      auto spectrum = FisherSpectrum(task, parameters, ledger);
      if (!spectrum.ok()) return spectrum.status();
      spectra.push_back({*std::move(spectrum)});
    }
    return MakeDampedAttribution(std::move(spectra));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(fisher, Fisher);

}  // namespace attribench
