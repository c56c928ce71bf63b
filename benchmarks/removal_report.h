// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_REMOVAL_REPORT_H_
#define ATTRIBENCH_BENCHMARKS_REMOVAL_REPORT_H_

#include <string>
#include <vector>

#include "benchmarks/removal.pb.h"

namespace attribench {

// A table of text: one line for each method and damping. Then, for each tuner, how much more the
// margin falls with its dampings than with those of mean_eigenvalue: the mean over methods for
// which the two differ, with an interval over the test examples, which are the same for all.
std::string RemovalTable(const std::vector<MethodRemoval>& methods);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_REMOVAL_REPORT_H_
