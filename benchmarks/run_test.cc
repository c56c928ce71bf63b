// SPDX-License-Identifier: Apache-2.0
//
// Runs the program as a user does.
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/result.pb.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// Returns the exit status. The output goes to `said`.
int RunProgram(const std::string& flags, std::string* said) {
  const std::string log = testing::TempDir() + "/log";
  const int status =
      std::system(absl::StrCat("benchmarks/run ", flags, " >", log, " 2>&1").c_str());
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

TEST(RunTest, ResumeSkipsResultsOfTheSameGroundTruth) {
  std::string said;
  const std::string output = testing::TempDir() + "/resumed";
  const std::string path = output + "/glyphs_mlp/grad_dot.textproto", mark = "# seen before\n";
  ASSERT_EQ(RunProgram("--methods=grad_dot --output=" + output, &said), 0) << said;
  const std::string whole = *ReadWholeFile(path);
  const std::string both = "--methods=grad_dot,random --output=" + output;
  ASSERT_TRUE(WriteWholeFile(path, whole + mark).ok());
  ASSERT_EQ(RunProgram(both + " --resume", &said), 0) << said;
  EXPECT_TRUE(absl::StrContains(said, "1 of 2 results are there already")) << said;
  EXPECT_EQ(*ReadWholeFile(path), whole + mark);
  EXPECT_EQ(Read(output + "/glyphs_mlp/random.textproto").method(), "random");

  // A damaged file, a result of another zoo, and a run without --resume are all run again.
  MethodResult other = Read(path);
  other.mutable_setting()->mutable_metrics(0)->mutable_ceiling()->set_value(.123);
  for (const std::string& text :
       {whole.substr(0, whole.size() / 2), other.DebugString(), whole + mark}) {
    ASSERT_TRUE(WriteWholeFile(path, text).ok());
    ASSERT_EQ(RunProgram(text == whole + mark ? both : both + " --resume", &said), 0) << said;
    EXPECT_NE(*ReadWholeFile(path), text);
    const MethodResult random = Read(output + "/glyphs_mlp/random.textproto");
    EXPECT_EQ(Read(path).setting().metrics(0).ceiling().value(),
              random.setting().metrics(0).ceiling().value());
  }
}

TEST(RunTest, TooLongAndTooLargeAreResults) {
  std::string said;
  const std::string output = testing::TempDir() + "/failed";
  ASSERT_EQ(RunProgram(absl::StrCat("--methods=fisher --timeout=1ms --output=", output), &said), 0)
      << said;
  MethodResult result = Read(output + "/glyphs_mlp/fisher.textproto");
  ASSERT_EQ(result.entries_size(), 8);
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
}

}  // namespace
}  // namespace attribench
