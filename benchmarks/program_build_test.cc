// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/program_build.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ProgramBuildTest, IsEmptyUntilRegistered) {
  EXPECT_EQ(LinkedProgramBuild().version, "");
  EXPECT_EQ(LinkedProgramBuild().mode, "");
  EXPECT_TRUE(RegisterProgramBuild({"abc", "opt"}));
  EXPECT_EQ(LinkedProgramBuild().version, "abc");
  EXPECT_EQ(LinkedProgramBuild().mode, "opt");
}

}  // namespace
}  // namespace attribench
