// SPDX-License-Identifier: Apache-2.0
#include "datasets/instruction_set.h"

#include <stdlib.h>

#include "gtest/gtest.h"

namespace attribench {
namespace {

// The test's environment comes from datasets/instruction_set.bzl.
TEST(InstructionSetTest, TheEnvironmentOfTestsIsWhatProgramsSet) {
  EXPECT_TRUE(InstructionSetIsFixed());
}

TEST(InstructionSetTest, AnotherValueIsNotFixed) {
  setenv("ATEN_CPU_CAPABILITY", "default", /*overwrite=*/1);
  EXPECT_FALSE(InstructionSetIsFixed());
  unsetenv("ATEN_CPU_CAPABILITY");
  EXPECT_FALSE(InstructionSetIsFixed());
  setenv("ATEN_CPU_CAPABILITY", "avx2", /*overwrite=*/1);
  EXPECT_TRUE(InstructionSetIsFixed());
}

}  // namespace
}  // namespace attribench
