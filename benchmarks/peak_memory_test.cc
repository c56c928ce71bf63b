// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/peak_memory.h"

#include <cstring>
#include <memory>

#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr int64_t kBytes = int64_t{64} << 20;

// Touches every page of a new block, and frees it.
void UseMemory() {
  const std::unique_ptr<char[]> block(new char[kBytes]);
  std::memset(block.get(), 1, kBytes);
  volatile char* end = block.get() + kBytes - 1;  // keeps the compiler from leaving all this out
  EXPECT_EQ(*end, 1);
}

TEST(PeakMemoryTest, ThePeakOutlivesTheMemory) {
  const int64_t before = PeakMemoryBytes();
  ASSERT_GT(before, 0);
  UseMemory();
  EXPECT_GE(PeakMemoryBytes(), kBytes);
  EXPECT_GE(PeakMemoryBytes(), before);
}

TEST(PeakMemoryTest, AResetForgetsMemoryThatIsFree) {
  UseMemory();
  const int64_t before = PeakMemoryBytes();
  ResetPeakMemory();
  const int64_t after = PeakMemoryBytes();
  if (after == before) GTEST_SKIP() << "this system does not allow a reset";
  EXPECT_LE(after, before - kBytes / 2);
}

TEST(DataMemoryTest, GrowsWithMemoryThatIsNotTouched) {
  const int64_t before = DataMemoryBytes();
  ASSERT_GT(before, 0);
  const std::unique_ptr<char[]> block(new char[kBytes]);
  volatile char* begin = block.get();
  *begin = 1;
  EXPECT_GE(DataMemoryBytes(), before + kBytes);
}

}  // namespace
}  // namespace attribench
