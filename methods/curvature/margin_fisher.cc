// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/margin_fisher.h"

#include <utility>

#include "ATen/ATen.h"
#include "datasets/models/model.h"
#include "methods/curvature/fisher_spectrum.h"

namespace attribench {
namespace {

// 1 - p_y of each example, [n] float64, by one forward pass.
at::Tensor LabelProbabilityGap(const Model& model, const Parameters& parameters,
                               const Dataset& dataset, CostLedger& ledger) {
  const at::Tensor logits =
      EvaluateLogits(model, parameters, dataset.inputs.to(parameters.front().value.scalar_type()));
  Cost cost;
  cost.flops = static_cast<double>(dataset.size()) * model.ForwardFlops();
  ledger.Charge(cost);
  return at::log_softmax(logits.to(at::kDouble), 1)
      .gather(1, dataset.labels.unsqueeze(1))
      .squeeze(1)
      .expm1_()
      .neg_();
}

}  // namespace

absl::StatusOr<MarginFisher> ComputeMarginFisher(const AttributionTask& task,
                                                 const Parameters& parameters, CostLedger& ledger) {
  auto spectrum = FisherSpectrum(task, parameters, ledger, GradientTarget::kMargin);
  if (!spectrum.ok()) return spectrum.status();
  return MarginFisher{*std::move(spectrum),
                      LabelProbabilityGap(*task.model, parameters, task.train, ledger)};
}

}  // namespace attribench
