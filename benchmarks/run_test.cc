// SPDX-License-Identifier: Apache-2.0
//
// Runs the program as a user does.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmarks/provenance.h"
#include "benchmarks/result.pb.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// Returns the exit status. The output goes to `said`.
int RunProgram(const std::string& flags, std::string* said,
               const std::string& program = "benchmarks/quick_run") {
  const std::string log = testing::TempDir() + "/log";
  const int status = std::system(absl::StrCat(program, " ", flags, " >", log, " 2>&1").c_str());
  *said = *ReadWholeFile(log);
  return WEXITSTATUS(status);
}

MethodResult Read(const std::string& path) {
  MethodResult result;
  const absl::Status status = ParseTextProto(*ReadWholeFile(path), path, &result);
  EXPECT_TRUE(status.ok()) << status;
  return result;
}

TEST(RunTest, WritesAResultForEachMethod) {
  std::string said;
  const std::string output = testing::TempDir() + "/results";
  ASSERT_EQ(RunProgram(absl::StrCat("--methods=grad_dot,random --output=", output), &said), 0)
      << said;
  EXPECT_EQ(Read(output + "/glyphs_mlp/grad_dot.textproto").entries(0).status(), OK);
  EXPECT_EQ(Read(output + "/glyphs_mlp/random.textproto").method(), "random");
}

TEST(RunTest, ResumeGoesByProvenance) {
  std::string said;
  const std::string output = testing::TempDir() + "/resumed";
  const std::string path = output + "/glyphs_mlp/grad_dot.textproto", mark = "# seen before\n";
  ASSERT_EQ(RunProgram("--methods=grad_dot --output=" + output, &said), 0) << said;
  const std::string whole = *ReadWholeFile(path);
  const Provenance provenance = Read(path).provenance();
  EXPECT_EQ(provenance.program_version().size(), 64);
  EXPECT_FALSE(provenance.build_mode().empty());
  EXPECT_FALSE(provenance.torch_version().empty());
  EXPECT_EQ(provenance.date().size(), std::string("2026-11-27T09:30:00Z").size());
  EXPECT_EQ(provenance.zoo_recipe_digest().size(), 64);
  EXPECT_EQ(provenance.ground_truth_digest().size(), 64);

  const std::string both = "--methods=grad_dot,random --output=" + output;
  ASSERT_TRUE(WriteWholeFile(path, whole + mark).ok());
  ASSERT_EQ(RunProgram(both + " --resume", &said), 0) << said;
  EXPECT_TRUE(absl::StrContains(said, "1 of 2 results are there already")) << said;
  EXPECT_FALSE(absl::StrContains(said, "runs again")) << said;
  EXPECT_EQ(*ReadWholeFile(path), whole + mark);
  EXPECT_EQ(Read(output + "/glyphs_mlp/random.textproto").method(), "random");

  // What cannot stand is named in one line and runs again.
  MethodResult other_zoo = Read(path), other_program = Read(path), old = Read(path);
  other_zoo.mutable_provenance()->set_ground_truth_digest(std::string(64, '0'));
  other_program.mutable_provenance()->set_program_version(std::string(64, '0'));
  old.clear_provenance();
  const struct {
    std::string text, reason;
  } cases[] = {
      {other_zoo.DebugString(),
       "grad_dot runs again: ground-truth digest: 000000000000.. in the result there, " +
           provenance.ground_truth_digest().substr(0, 12) + ".. now\n"},
      {other_program.DebugString(),
       "grad_dot runs again: program version: 000000000000.. in the result there, " +
           provenance.program_version().substr(0, 12) + ".. now\n"},
      {old.DebugString(), "grad_dot runs again: the result there has no provenance\n"},
      {whole.substr(0, whole.size() / 2), "grad_dot runs again: " + path},
  };
  for (const auto& [text, reason] : cases) {
    ASSERT_TRUE(WriteWholeFile(path, text + mark).ok());
    ASSERT_EQ(RunProgram(both + " --resume", &said), 0) << said;
    EXPECT_TRUE(absl::StrContains(said, reason)) << said;
    EXPECT_FALSE(absl::StrContains(*ReadWholeFile(path), mark));
    EXPECT_TRUE(CompareProvenance(Read(path).provenance(), provenance).empty());
  }
  ASSERT_TRUE(WriteWholeFile(path, whole + mark).ok());
  ASSERT_EQ(RunProgram(both, &said), 0) << said;
  EXPECT_FALSE(absl::StrContains(*ReadWholeFile(path), mark)) << "without --resume, all run";
}

TEST(RunTest, AMethodThatEndsTheProcessIsARow) {
  const struct {
    const char* method;
    EntryStatus status;
    const char* message;
  } cases[] = {
      {"exits_with_0", ERROR, "ended without a result"},
      {"exits_with_3", ERROR, "ended with exit status 3"},
      {"killed", ERROR, "was killed by signal 9 (Killed)"},
      {"terminated", ERROR, "was killed by signal 15 (Terminated)"},
      {"too_wide", ERROR, "scores are [1000, 205], must be [1000 train, 200 test]"},
  };
  const std::string output = testing::TempDir() + "/misbehaving";
  std::string said, methods;
  for (const auto& expected : cases) {
    absl::StrAppend(&methods, methods.empty() ? "" : ",", expected.method);
    // An older result must not pass as a new one.
    ASSERT_TRUE(
        WriteWholeFile(absl::StrCat(output, "/glyphs_mlp/", expected.method, ".textproto"),
                       "setting { name: 'glyphs_mlp' } method: 'old' entries { tuner: 'default' }")
            .ok());
  }
  ASSERT_EQ(RunProgram(absl::StrCat("--methods=", methods, " --output=", output), &said,
                       "benchmarks/misbehaving_run"),
            0)
      << said;
  for (const auto& expected : cases) {
    const MethodResult result =
        Read(absl::StrCat(output, "/glyphs_mlp/", expected.method, ".textproto"));
    EXPECT_EQ(result.method(), expected.method);
    ASSERT_EQ(result.entries_size(), 1) << expected.method;
    EXPECT_EQ(result.entries(0).status(), expected.status) << expected.method;
    EXPECT_EQ(result.entries(0).message(), expected.message);
  }
}

// A fault of files is no fault of the method: it ends the run, without a row for this or for later
// methods.
TEST(RunTest, AZooThatIsLostEndsTheRun) {
  const std::string zoo = testing::TempDir() + "/zoo", output = testing::TempDir() + "/lost";
  std::filesystem::copy("datasets/zoo/glyphs_mlp", zoo, std::filesystem::copy_options::recursive);
  setenv("ZOO_TO_LOSE", zoo.c_str(), 1);
  std::string said;
  EXPECT_EQ(
      RunProgram(absl::StrCat("--methods=loses_the_zoo,too_wide --zoo=", zoo, " --output=", output),
                 &said, "benchmarks/misbehaving_run"),
      1);
  EXPECT_TRUE(absl::StrContains(said, "full_00.safetensors")) << said;
  EXPECT_TRUE(absl::EndsWith(said, absl::StrCat("run: no result for loses_the_zoo in ", output,
                                                "/glyphs_mlp/loses_the_zoo.textproto\n")))
      << said;
  EXPECT_FALSE(std::filesystem::exists(output + "/glyphs_mlp/loses_the_zoo.textproto"));
  EXPECT_FALSE(std::filesystem::exists(output + "/glyphs_mlp/too_wide.textproto"));
}

// True if the process exists and has not ended.
bool IsRunning(pid_t process) {
  const absl::StatusOr<std::string> stat = ReadWholeFile(absl::StrCat("/proc/", process, "/stat"));
  return stat.ok() && !absl::StrContains(*stat, ") Z ");  // Z: ended, but nobody asked for it yet
}

template <typename Condition>
bool HoldsWithinAMinute(const Condition& condition) {
  const absl::Time end = absl::Now() + absl::Minutes(1);
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(50));
  }
  return true;
}

TEST(RunTest, AMethodEndsWithItsParent) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    const std::string pid_file = absl::StrCat(testing::TempDir(), "/sleeper_", signal);
    const std::string output = absl::StrCat("--output=", testing::TempDir(), "/sleeping");
    const pid_t program = fork();
    if (program == 0) {
      setenv("SLEEPER_PID_FILE", pid_file.c_str(), 1);
      execl("benchmarks/misbehaving_run", "benchmarks/misbehaving_run", "--methods=sleeps",
            output.c_str(), nullptr);
      _exit(1);
    }
    int64_t method = 0;
    EXPECT_TRUE(HoldsWithinAMinute([&] {
      const absl::StatusOr<std::string> text = ReadWholeFile(pid_file);
      return text.ok() && absl::EndsWith(*text, "\n") && absl::SimpleAtoi(*text, &method);
    }));
    EXPECT_TRUE(IsRunning(static_cast<pid_t>(method)));
    kill(program, signal);
    waitpid(program, nullptr, 0);
    EXPECT_TRUE(HoldsWithinAMinute([&] { return !IsRunning(static_cast<pid_t>(method)); }));
  }
}

TEST(RunTest, TooLongAndTooLargeAreResults) {
  std::string said;
  const std::string output = testing::TempDir() + "/failed";
  ASSERT_EQ(RunProgram(absl::StrCat("--methods=fisher --timeout=1ms --output=", output), &said), 0)
      << said;
  MethodResult result = Read(output + "/glyphs_mlp/fisher.textproto");
  ASSERT_EQ(result.entries_size(), 9);
  EXPECT_EQ(result.entries(0).status(), TIMEOUT);
  EXPECT_TRUE(absl::StrContains(result.entries(0).message(), "1ms"));
  ASSERT_EQ(
      RunProgram(
          absl::StrCat("--methods=fisher_10 --memory_limit=0.02 --timeout=1m --output=", output),
          &said),
      0)
      << said;
  result = Read(output + "/glyphs_mlp/fisher_10.textproto");
  EXPECT_EQ(result.entries(0).status(), OUT_OF_MEMORY) << result.entries(0).message();
}

TEST(RunTest, TheSameWorkIsChargedTheSameWithAnyNumberOfThreads) {
  std::string said;
  double flops[2];
  for (const int threads : {1, 2}) {
    const std::string output = absl::StrCat(testing::TempDir(), "/threads_", threads);
    ASSERT_EQ(
        RunProgram(absl::StrCat("--methods=rps --threads=", threads, " --output=", output), &said),
        0)
        << said;
    const Entry entry = Read(output + "/glyphs_mlp/rps.textproto").entries(0);
    ASSERT_EQ(entry.status(), OK) << entry.message();
    flops[threads - 1] = entry.total_cost().flops();
  }
  EXPECT_EQ(flops[0], flops[1]);
}

TEST(RunTest, MistakesAreNamed) {
  std::string said;
  EXPECT_EQ(RunProgram("--methods=fischer", &said), 1);
  EXPECT_TRUE(absl::StrContains(said, "no method 'fischer'; known are ")) << said;
  EXPECT_TRUE(absl::StrContains(said, ", fisher, fisher_10, ")) << said;
  EXPECT_EQ(RunProgram("--setting=nowhere", &said), 1);
  EXPECT_TRUE(absl::StrContains(said, "no setting 'nowhere'; known are")) << said;
  EXPECT_EQ(RunProgram("--setting=mnist_mlp --data_root=/no/such/folder", &said), 1);
  EXPECT_TRUE(absl::StrContains(said, "/no/such/folder/mnist/train-images-idx3-ubyte.gz")) << said;
  EXPECT_EQ(RunProgram("--zoo=/no/such/zoo", &said), 1);
  EXPECT_TRUE(absl::StrContains(said, "bazel run //:retrain -- --setting=glyphs_mlp")) << said;
  EXPECT_EQ(RunProgram("--timeout=0", &said), 1);
  EXPECT_TRUE(absl::StrContains(said, "--timeout")) << said;
  for (const std::string value : {"nan", "-5", "inf"}) {
    EXPECT_EQ(RunProgram("--memory_limit=" + value, &said), 1);
    EXPECT_EQ(said, "run: --memory_limit is " + value +
                        " GiB, must be finite and at least 0 (0: no limit)\n");
  }
  EXPECT_EQ(RunProgram("--threads=100000", &said), 1);
  EXPECT_EQ(said,
            "run: --threads: 100000 threads or workers, must be from 0 to 1024 (0: one per "
            "core)\n");
  EXPECT_EQ(RunProgram("--methods=", &said), 1);
  EXPECT_EQ(said, "run: --methods is empty: it must name methods, separated by commas, or all\n");
  EXPECT_EQ(RunProgram("--tuners=default,hold_out", &said), 1);
  EXPECT_TRUE(absl::StrContains(said,
                                "run: --tuners: there is no tuner 'hold_out'; known are "
                                "default, "))
      << said;
  EXPECT_TRUE(absl::StrContains(said, ", held_out, ")) << said;
  EXPECT_EQ(RunProgram("grad_cos", &said), 1);
  EXPECT_EQ(said, "run: unexpected argument 'grad_cos'; name methods with --methods\n");
  EXPECT_EQ(RunProgram("--methods=random --output=/dev/full", &said), 1);
  EXPECT_TRUE(absl::StrContains(said, "run: --output: cannot write /dev/full/")) << said;
}

TEST(RunTest, AnotherFolderIsNoPlaceToStartFrom) {
  const std::string program = std::filesystem::absolute("benchmarks/quick_run").string();
  std::string said;
  EXPECT_EQ(RunProgram("--methods=random", &said, "cd / && " + program), 1);
  EXPECT_TRUE(absl::StrContains(said, "no setting 'glyphs_mlp'")) << said;
  EXPECT_TRUE(absl::StrContains(said, "start the program in the root of a clone")) << said;
}

}  // namespace
}  // namespace attribench
