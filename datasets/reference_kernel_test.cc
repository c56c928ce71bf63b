// SPDX-License-Identifier: Apache-2.0
#include "datasets/reference_kernel.h"

#include "ATen/Parallel.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// The kernel's 0.9 GFLOP and 64 MiB of memory traffic take over 10 us on any machine. The upper
// bound is 1,000 times what a core of today takes.
TEST(ReferenceKernelTest, TakesAPlausibleTime) {
  ReferenceKernel kernel;
  for (int i = 0; i < 3; ++i) {
    const double seconds = kernel.Seconds();
    EXPECT_GT(seconds, 1e-5);
    EXPECT_LT(seconds, 10);
  }
}

TEST(ReferenceKernelTest, CpuSecondsAreThoseOfOneThreadAndLeaveTheThreadsAsTheyWere) {
  const int threads = at::get_num_threads();
  const double seconds = ReferenceKernelCpuSeconds();
  EXPECT_GT(seconds, 1e-5);
  EXPECT_LT(seconds, 10);
  EXPECT_EQ(at::get_num_threads(), threads);
}

}  // namespace
}  // namespace attribench
