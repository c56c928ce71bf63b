// SPDX-License-Identifier: Apache-2.0
#include "datasets/environment.h"

#include <stdlib.h>

#include <fstream>
#include <string>

#include "datasets/models/winograd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(EnvironmentTest, DescribesTheMachineAndTheBuild) {
  const Environment environment = DescribeEnvironment();
  EXPECT_THAT(environment.torch_version(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
  EXPECT_EQ(environment.compiler(), __VERSION__);
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    EXPECT_THAT(environment.cpu_model(), HasSubstr(line.substr(line.find(": ") + 2)));
    break;
  }
  EXPECT_EQ(environment.cpu_model().find('\n'), std::string::npos);
}

TEST(EnvironmentTest, TwoDescriptionsOfOneProcessAreEqual) {
  EXPECT_EQ(DescribeEnvironment().SerializeAsString(), DescribeEnvironment().SerializeAsString());
}

// The test's environment comes from datasets/instruction_set.bzl.
TEST(EnvironmentTest, SaysWhetherTheInstructionSetIsFixed) {
  EXPECT_EQ(DescribeEnvironment().cpu_capability(), "AVX2 (fixed)");
  setenv("ATEN_CPU_CAPABILITY", "default", /*overwrite=*/1);
  EXPECT_EQ(DescribeEnvironment().cpu_capability(), "as found");
}

// Last, since the process cannot go back.
TEST(EnvironmentTest, SaysWhetherOneDnnUsesMore) {
  setenv("ATEN_CPU_CAPABILITY", "avx2", /*overwrite=*/1);
  EXPECT_EQ(DescribeEnvironment().cpu_capability(), "AVX2 (fixed)");
  const bool raised = AllowWinograd();
  EXPECT_EQ(DescribeEnvironment().cpu_capability(),
            raised ? "AVX2 (fixed), oneDNN AVX-512" : "AVX2 (fixed)");
}

}  // namespace
}  // namespace attribench
