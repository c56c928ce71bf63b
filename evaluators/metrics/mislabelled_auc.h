// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_MISLABELLED_AUC_H_
#define ATTRIBENCH_EVALUATORS_METRICS_MISLABELLED_AUC_H_

#include <memory>

#include "ATen/core/Tensor.h"
#include "evaluators/metrics/metric.h"

namespace attribench {

// Does self-influence find wrong labels? "mislabelled_auc" is the area under the ROC curve of an
// example's score for itself, with a wrong label as what is looked for (Koh and Liang, ICML 2017,
// section 5.4; Pruthi et al., TracIn, NeurIPS 2020, section 4.1): the probability that a
// mislabelled example has a larger score than another one. Ties, up to the rounding of scores,
// count one half. 1 is best, and scores that know nothing have 0.5.
//
// It looks at no more than 500 examples of either kind, drawn by RandomStream(1, "mislabelled").
// One value per mislabelled example: the share of the others that it is above. The interval is for
// other examples of both kinds (TwoWayBootstrap). There is no ceiling.
//
// mislabelled [n] bool: at least one true and one false.
std::unique_ptr<Metric> MakeMislabelledAuc(const at::Tensor& mislabelled);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_MISLABELLED_AUC_H_
