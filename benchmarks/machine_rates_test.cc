// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/machine_rates.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(MachineRatesTest, TheSlowerOfArithmeticAndTrafficIsTheFloor) {
  MachineRates rates;
  rates.flops_per_second = 100;
  rates.bytes_per_second = 10;
  EXPECT_DOUBLE_EQ(rates.FloorSeconds(/*flops=*/300, /*bytes=*/20), 3);
  EXPECT_DOUBLE_EQ(rates.FloorSeconds(/*flops=*/300, /*bytes=*/40), 4);
  EXPECT_DOUBLE_EQ(rates.FloorSeconds(0, 0), 0);
}

// From a slow single core to a large machine: 0.1 GFLOP/s to 1 PFLOP/s, 0.1 GB/s to 100 TB/s.
TEST(MachineRatesTest, MeasuredRatesArePlausible) {
  const MachineRates rates = MachineRates::Measure();
  EXPECT_GT(rates.flops_per_second, 1e8);
  EXPECT_LT(rates.flops_per_second, 1e15);
  EXPECT_GT(rates.bytes_per_second, 1e8);
  EXPECT_LT(rates.bytes_per_second, 1e14);
}

}  // namespace
}  // namespace attribench
