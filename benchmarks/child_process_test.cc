// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/child_process.h"

#include <unistd.h>

#include <csignal>
#include <string>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/time/clock.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ChildProcessTest, TheWorkRunsElsewhere) {
  const std::string path = testing::TempDir() + "/child";
  int here = 0;
  const auto end = RunInChild({absl::InfiniteDuration(), 0, 2}, [&] {
    here = 1;
    return WriteWholeFile(path, std::to_string(at::get_num_threads()));
  });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->status, OK);
  EXPECT_EQ(here, 0);
  EXPECT_EQ(*ReadWholeFile(path), "2");
}

TEST(ChildProcessTest, ACrashIsTold) {
  const auto end = RunInChild({}, [] {
    raise(SIGSEGV);
    return absl::OkStatus();
  });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->status, ERROR);
  EXPECT_EQ(end->message, "was killed by signal 11 (Segmentation fault)");
}

TEST(ChildProcessTest, AnExitIsTold) {
  const auto end = RunInChild({}, []() -> absl::Status { _exit(3); });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->status, ERROR);
  EXPECT_EQ(end->message, "ended with exit status 3");
}

TEST(ChildProcessTest, TimeIsLimited) {
  const auto end = RunInChild({absl::Milliseconds(100)}, [] {
    absl::SleepFor(absl::Seconds(60));
    return absl::OkStatus();
  });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->status, TIMEOUT);
  EXPECT_EQ(end->message, "took longer than 100ms (--timeout)");
}

TEST(ChildProcessTest, MemoryIsLimited) {
  const auto end = RunInChild({absl::InfiniteDuration(), .25}, [] {
    try {
      at::ones({1 << 30});  // 4 GiB
    } catch (const std::exception&) {
      return absl::OkStatus();
    }
    return absl::InternalError("there was no limit");
  });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->status, OK);
}

TEST(ChildProcessTest, WorkThatFailsIsAFaultOfFiles) {
  const auto end = RunInChild({}, [] { return absl::UnavailableError("disk full"); });
  EXPECT_EQ(end.status().code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  at::set_num_threads(1);  // no threads before a fork
  return RUN_ALL_TESTS();
}
