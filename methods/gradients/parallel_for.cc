// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/parallel_for.h"

#include "ATen/Parallel.h"

#ifndef INTRA_OP_PARALLEL
#error "at::parallel_for would use one thread: compile this file with -fopenmp"
#endif

namespace attribench {

void ParallelFor(int64_t begin, int64_t end, int64_t grain,
                 const std::function<void(int64_t begin, int64_t end)>& work) {
  at::parallel_for(begin, end, grain, work);
}

}  // namespace attribench
