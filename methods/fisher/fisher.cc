// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' (F + lambda I)^-1 q, F the empirical Fisher of all parameters, the mean over
// checkpoints. F is never written: see FisherSpectrum.
#include "methods/attribution_method.h"
#include "methods/damped_spectrum.h"
#include "methods/fisher_spectrum.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Fisher : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    std::vector<DampedSpectrum> spectra;
    for (int64_t c = 0; c < hyperparameters.Integer("checkpoints"); ++c) {
      const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, c, ledger);
      if (!parameters.ok()) return parameters.status();
      auto spectrum = FisherSpectrum(task, *parameters, ledger);
      if (!spectrum.ok()) return spectrum.status();
      spectra.push_back(*std::move(spectrum));
    }
    return MakeDampedAttribution(std::move(spectra));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(fisher, Fisher);

}  // namespace attribench
