// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/usable_device.h"

#include "ATen/Parallel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(UsableDeviceTest, TheCpuIsUsable) { EXPECT_TRUE(UsableDevice("cpu")->is_cpu()); }

TEST(UsableDeviceTest, AnUnknownNameIsToldWithTheKnownOnes) {
  EXPECT_EQ(UsableDevice("gpu").status(),
            absl::InvalidArgumentError("--device: device is 'gpu', must be cpu, cuda, or cuda:N "
                                       "with N from 0 to 127"));
}

TEST(UsableDeviceTest, AGpuThatIsNotThereIsNotUsable) {
  EXPECT_EQ(
      UsableDevice("cuda:100").status(),
      absl::FailedPreconditionError("--device=cuda:100 cannot be used, for the reason above"));
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  at::set_num_threads(1);  // no threads before a fork
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
