// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_ESTIMATE_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_ESTIMATE_H_

namespace attribench {

// An estimate with its 95% interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_ESTIMATE_H_
