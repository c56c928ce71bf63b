// SPDX-License-Identifier: Apache-2.0
//
// Runs the retrain program as a user does: killed at random moments, with a damaged file, with a
// full disk.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr char kProgram[] = "datasets/zoo/retrain";
constexpr char kSetting[] = "datasets/zoo/testdata/tiny.textproto";

// Starts the program in a child process, after `before`.
pid_t Start(
    const std::string& folder, int workers, const std::string& log,
    const std::function<void()>& before = [] {}) {
  const pid_t child = fork();
  if (child != 0) return child;
  before();
  if (freopen(log.c_str(), "w", stderr) == nullptr) _exit(126);
  const std::string setting = std::string("--setting=") + kSetting;
  const std::string output = "--output=" + folder, flag = "--workers=" + std::to_string(workers);
  execl(kProgram, kProgram, setting.c_str(), output.c_str(), flag.c_str(), nullptr);
  _exit(127);
}

int Wait(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The safetensors files by name. Their bytes must not depend on how the zoo was made.
std::map<std::string, std::string> Bytes(const std::string& folder) {
  std::map<std::string, std::string> bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") {
      bytes[std::filesystem::relative(entry.path(), folder)] = *ReadWholeFile(entry.path());
    }
  }
  return bytes;
}

class RetrainTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"/whole", "/broken"})
      std::filesystem::remove_all(testing::TempDir() + name);
    whole_ = testing::TempDir() + "/whole";
    broken_ = testing::TempDir() + "/broken";
    log_ = testing::TempDir() + "/log";
    ASSERT_EQ(Wait(Start(whole_, 2, log_)), 0) << *ReadWholeFile(log_);
    ASSERT_EQ(Bytes(whole_).size(), 2 + 2 + 1);
  }

  std::string whole_, broken_, log_;
};

TEST_F(RetrainTest, AfterKillsAtRandomMomentsTheBytesAreTheSame) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed of the moments: " + std::to_string(seed));
  std::mt19937 engine(seed);
  for (int kill_number = 0; kill_number < 6; ++kill_number) {
    const pid_t child = Start(broken_, 1 + kill_number % 2, log_);
    usleep(300000 + engine() % 500000);
    kill(child, SIGKILL);
    Wait(child);
  }
  ASSERT_EQ(Wait(Start(broken_, 1, log_)), 0) << *ReadWholeFile(log_);
  EXPECT_TRUE(Bytes(broken_) == Bytes(whole_));  // no EXPECT_EQ: the bytes would be printed
}

TEST_F(RetrainTest, ADamagedJobIsReportedAndTrainedAgain) {
  pid_t child = Start(broken_, 1, log_);
  const std::string jobs = broken_ + "/jobs";
  std::filesystem::path job;
  while (job.empty()) {
    ASSERT_FALSE(std::filesystem::exists(broken_ + "/manifest.textproto")) << "it was too fast";
    usleep(1000);
    if (!std::filesystem::exists(jobs)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(jobs)) {
      if (entry.path().extension() == ".safetensors") job = entry.path();
    }
  }
  kill(child, SIGKILL);
  Wait(child);
  ASSERT_FALSE(job.empty());
  std::string bytes = *ReadWholeFile(job);
  bytes[bytes.size() - 5] ^= 1;
  ASSERT_TRUE(WriteWholeFile(job, bytes).ok());
  ASSERT_EQ(Wait(Start(broken_, 2, log_)), 0);
  EXPECT_TRUE(absl::StrContains(*ReadWholeFile(log_), job.filename().string() + " is damaged"))
      << *ReadWholeFile(log_);
  EXPECT_TRUE(Bytes(broken_) == Bytes(whole_));  // no EXPECT_EQ: the bytes would be printed
}

TEST_F(RetrainTest, AFullDiskLeavesTheFilesThatWereThere) {
  const auto before = Bytes(whole_);
  std::filesystem::remove(whole_ + "/manifest.textproto");  // so that the program starts again
  const int status = Wait(Start(whole_, 1, log_, [] {
    const rlimit small = {2000, 2000};  // larger files fail in the middle of a write
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
  }));
  EXPECT_EQ(status, 1);
  std::filesystem::remove_all(whole_ + "/jobs");  // some trainings are small enough to be stored
  EXPECT_TRUE(Bytes(whole_) == before);
}

TEST_F(RetrainTest, ASecondProgramInTheSameFolderIsRefused) {
  const pid_t first = Start(broken_, 1, log_);
  while (!std::filesystem::exists(broken_ + "/jobs/subset_000_seed_0.safetensors")) {
    ASSERT_FALSE(std::filesystem::exists(broken_ + "/manifest.textproto")) << "it was too fast";
    usleep(1000);
  }
  kill(first, SIGSTOP);
  const std::string second_log = testing::TempDir() + "/second_log";
  EXPECT_EQ(Wait(Start(broken_, 1, second_log)), 1);
  EXPECT_TRUE(absl::StrContains(*ReadWholeFile(second_log),
                                "another retrain (pid " + std::to_string(first) + " on "))
      << *ReadWholeFile(second_log);
  kill(first, SIGCONT);
  EXPECT_EQ(Wait(first), 0) << *ReadWholeFile(log_);
  EXPECT_TRUE(Bytes(broken_) == Bytes(whole_));  // no EXPECT_EQ: the bytes would be printed
  EXPECT_FALSE(std::filesystem::exists(broken_ + "/jobs"));
}

// Full-data, half-data and subset trainings: each kind has its CPU seconds and the reference
// kernel's.
TEST_F(RetrainTest, TheManifestHoldsTheTimeOfTheReferenceKernel) {
  const std::string manifest = *ReadWholeFile(whole_ + "/manifest.textproto");
  size_t kinds = 0;
  const std::string field = " reference_kernel_cpu_seconds: 0.";
  for (size_t at = 0; (at = manifest.find(field, at)) != std::string::npos; ++at) ++kinds;
  EXPECT_EQ(kinds, 3u) << manifest;
}

TEST_F(RetrainTest, ACompleteZooIsLeftAlone) {
  const auto time = std::filesystem::last_write_time(whole_ + "/ground_truth.safetensors");
  ASSERT_EQ(Wait(Start(whole_, 2, log_)), 0);
  EXPECT_TRUE(absl::StrContains(*ReadWholeFile(log_), "complete"));
  EXPECT_EQ(std::filesystem::last_write_time(whole_ + "/ground_truth.safetensors"), time);
}

}  // namespace
}  // namespace attribench
