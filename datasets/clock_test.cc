// SPDX-License-Identifier: Apache-2.0
#include "datasets/clock.h"

#include <chrono>
#include <thread>

#include "gtest/gtest.h"

namespace attribench {
namespace {

// Computes until the calling thread has used `seconds` of CPU time.
void Compute(double seconds) {
  const double start = ThreadCpuSeconds();
  while (ThreadCpuSeconds() - start < seconds) {
  }
}

TEST(ClockTest, ComputingAdvancesEveryClock) {
  const double thread = ThreadCpuSeconds(), process = ProcessCpuSeconds(), wall = WallSeconds();
  Compute(.02);
  EXPECT_GE(ThreadCpuSeconds() - thread, .02);
  EXPECT_GE(ProcessCpuSeconds() - process, .02);
  EXPECT_GE(WallSeconds() - wall, .02);
}

TEST(ClockTest, AnotherThreadCountsForTheProcessOnly) {
  const double thread = ThreadCpuSeconds(), process = ProcessCpuSeconds();
  std::thread other([] { Compute(.05); });
  other.join();
  EXPECT_GE(ProcessCpuSeconds() - process, .05);
  EXPECT_LT(ThreadCpuSeconds() - thread, .05);
}

TEST(ClockTest, SleepingTakesNoCpuTime) {
  const double thread = ThreadCpuSeconds(), wall = WallSeconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_GE(WallSeconds() - wall, .05);
  EXPECT_LT(ThreadCpuSeconds() - thread, .05);
}

}  // namespace
}  // namespace attribench
