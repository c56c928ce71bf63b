// SPDX-License-Identifier: Apache-2.0
#include "datasets/num_threads.h"

#include <unistd.h>

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(NumThreadsTest, AFlagAboveZeroIsTaken) {
  EXPECT_EQ(*ThreadsOrAllCores(1), 1);
  EXPECT_EQ(*ThreadsOrAllCores(1000), 1000);
}

TEST(NumThreadsTest, ZeroIsOnePerCore) {
  const int cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  ASSERT_GE(cores, 1);
  EXPECT_EQ(*ThreadsOrAllCores(0), cores);
}

TEST(NumThreadsTest, ANegativeFlagIsRefused) {
  EXPECT_EQ(ThreadsOrAllCores(-1).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace attribench
