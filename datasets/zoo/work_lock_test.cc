// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/work_lock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr auto kAlone = WorkLock::Kind::kAlone, kTogether = WorkLock::Kind::kTogether;

class WorkLockTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }

  bool FileIsThere() { return std::filesystem::exists(folder_ + "/work.lock"); }

  const std::string folder_ = testing::TempDir() + "/locked/folder";
};

// A lock belongs to an open file, so the second one of the same process is refused as that of
// another process is.
TEST_F(WorkLockTest, ASecondIsRefusedAndTheFirstIsNamed) {
  {
    const absl::StatusOr<WorkLock> first = WorkLock::Take(folder_, kAlone, "retrain");
    ASSERT_TRUE(first.ok()) << first.status();
    for (const auto kind : {kAlone, kTogether}) {
      const absl::Status second = WorkLock::Take(folder_, kind, "retrain").status();
      EXPECT_EQ(second.code(), absl::StatusCode::kAlreadyExists);
      EXPECT_TRUE(absl::StartsWith(std::string(second.message()),
                                   absl::StrCat("another retrain (pid ", getpid(), " on ")))
          << second;
      EXPECT_TRUE(absl::StrContains(std::string(second.message()),
                                    absl::StrCat(") is at work in ", folder_)))
          << second;
    }
  }
  EXPECT_FALSE(FileIsThere());
  EXPECT_TRUE(WorkLock::Take(folder_, kAlone, "retrain").ok());
}

TEST_F(WorkLockTest, SeveralWorkTogetherAndTheLastRemovesTheFile) {
  auto first = std::make_unique<WorkLock>(*WorkLock::Take(folder_, kTogether, "retrain"));
  auto second = std::make_unique<WorkLock>(*WorkLock::Take(folder_, kTogether, "retrain"));
  EXPECT_FALSE(WorkLock::Take(folder_, kAlone, "retrain").ok());
  first.reset();
  EXPECT_TRUE(FileIsThere());
  EXPECT_FALSE(WorkLock::Take(folder_, kAlone, "retrain").ok());
  second.reset();
  EXPECT_FALSE(FileIsThere());
  EXPECT_TRUE(WorkLock::Take(folder_, kAlone, "retrain").ok());
}

TEST_F(WorkLockTest, AKilledProcessHoldsNothing) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = WorkLock::Take(folder_, kAlone, "retrain");
    if (write(ready[1], lock.ok() ? "y" : "n", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const absl::Status refused = WorkLock::Take(folder_, kAlone, "retrain").status();
  EXPECT_TRUE(
      absl::StrContains(std::string(refused.message()), absl::StrCat("pid ", child, " on ")))
      << refused;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileIsThere());
  EXPECT_TRUE(WorkLock::Take(folder_, kAlone, "retrain").ok());
  EXPECT_FALSE(FileIsThere());
}

TEST_F(WorkLockTest, AFolderThatCannotBeMadeIsNamed) {
  const absl::Status status = WorkLock::Take("/proc/no/such", kAlone, "retrain").status();
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "cannot create /proc/no/such"))
      << status;
}

}  // namespace
}  // namespace attribench
