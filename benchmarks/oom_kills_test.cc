// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/oom_kills.h"

#include <fstream>

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(OomKillsTest, ReadsTheKernelsCount) {
  const std::string path = testing::TempDir() + "/vmstat";
  std::ofstream(path) << "nr_free_pages 12\noom_kill_other 3\noom_kill 7\npgfault 99\n";
  EXPECT_EQ(OomKills(path), 7);
}

TEST(OomKillsTest, AbsentIfTheKernelDoesNotSay) {
  const std::string path = testing::TempDir() + "/vmstat_without";
  std::ofstream(path) << "nr_free_pages 12\n";
  EXPECT_EQ(OomKills(path), std::nullopt);
  EXPECT_EQ(OomKills("/no/such/file"), std::nullopt);
}

}  // namespace
}  // namespace attribench
