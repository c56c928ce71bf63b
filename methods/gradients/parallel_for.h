// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_GRADIENTS_PARALLEL_FOR_H_
#define ATTRIBENCH_METHODS_GRADIENTS_PARALLEL_FOR_H_

#include <cstdint>
#include <functional>

namespace attribench {

// Cuts [begin, end) into parts of `grain` numbers or more and calls `work` with each, on as many
// threads as at::get_num_threads() says: at::parallel_for, whose template does all on one thread
// wherever it is compiled without OpenMP. Within `work` there is one thread: loops and products
// there are not shared. What `work` throws comes out.
void ParallelFor(int64_t begin, int64_t end, int64_t grain,
                 const std::function<void(int64_t begin, int64_t end)>& work);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_PARALLEL_FOR_H_
