// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_GRADIENTS_PARALLEL_FOR_H_
#define ATTRIBENCH_METHODS_GRADIENTS_PARALLEL_FOR_H_

#include <cstdint>
#include <functional>

namespace attribench {

// Divides [begin, end) into parts of at least `grain` numbers and calls `work` with each part, on
// at::get_num_threads() threads. Inside `work`, loops and matrix products run on one thread.
// Exceptions propagate.
//
// This is at::parallel_for, compiled once with OpenMP. at::parallel_for itself is a template, and
// runs on one thread if the file that uses it is compiled without OpenMP.
void ParallelFor(int64_t begin, int64_t end, int64_t grain,
                 const std::function<void(int64_t begin, int64_t end)>& work);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_PARALLEL_FOR_H_
