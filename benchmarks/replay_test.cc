// SPDX-License-Identifier: Apache-2.0
//
// From a run to a replay, with the programs as a user runs them: what a replay says of each tuner
// is what the run's result says.
#include <sys/wait.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/result.pb.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// Returns the exit status. The output goes to `said`.
int RunProgram(const std::string& program, const std::string& flags, std::string* said) {
  const std::string log = testing::TempDir() + "/log";
  const int status = std::system(absl::StrCat(program, " ", flags, " >", log, " 2>&1").c_str());
  *said = *ReadWholeFile(log);
  return WEXITSTATUS(status);
}

MethodResult Read(const std::string& path) {
  MethodResult result;
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  const absl::Status status =
      text.ok() ? ParseTextProto(*text, path, &result) : absl::Status(text.status());
  EXPECT_TRUE(status.ok()) << status;
  return result;
}

// The lines of a replay's table by tuner, each value by its column's name. Messages are left out.
std::map<std::string, std::map<std::string, std::string>> ReadCsv(const std::string& path) {
  std::map<std::string, std::map<std::string, std::string>> table;
  std::vector<std::string> names;
  for (const absl::string_view line : absl::StrSplit(*ReadWholeFile(path), '\n')) {
    if (line.empty()) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    if (names.empty()) {
      names = cells;
      continue;
    }
    for (size_t c = 0; c + 1 < names.size(); ++c) table[cells[2]][names[c]] = cells[c];
  }
  return table;
}

double Number(const std::string& text) {
  double value = -1e9;
  EXPECT_TRUE(absl::SimpleAtod(text, &value)) << "'" << text << "'";
  return value;
}

constexpr char kMethod[] = "fisher_projected";

class ReplayTest : public testing::Test {
 protected:
  // One run with records, one without.
  static void SetUpTestSuite() {
    std::string said;
    ASSERT_EQ(RunProgram("benchmarks/run",
                         absl::StrCat("--threads=1 --record_tuning --methods=grad_dot,", kMethod,
                                      " --output=", Recorded()),
                         &said),
              0)
        << said;
    ASSERT_EQ(
        RunProgram("benchmarks/run",
                   absl::StrCat("--threads=1 --methods=", kMethod, " --output=", Plain()), &said),
        0)
        << said;
  }

  static std::string Recorded() { return testing::TempDir() + "/recorded"; }
  static std::string Plain() { return testing::TempDir() + "/plain"; }
  static MethodResult ResultIn(const std::string& folder) {
    return Read(absl::StrCat(folder, "/glyphs_mlp/", kMethod, ".textproto"));
  }

  std::string said_;
};

TEST_F(ReplayTest, SaysWhatTheResultSays) {
  ASSERT_EQ(RunProgram("evaluators/replay/collect",
                       absl::StrCat("--setting=glyphs_mlp --input=", Recorded(),
                                    " --output=", Recorded(), "/glyphs_mlp.tuning.safetensors.gz"),
                       &said_),
            0)
      << said_;
  EXPECT_TRUE(absl::StrContains(said_, ": 1 methods, ")) << "grad_dot has no damping: " << said_;
  const std::string csv = Recorded() + "/choices.csv";
  ASSERT_EQ(RunProgram("evaluators/replay/replay",
                       absl::StrCat("--records=", Recorded(), " --csv=", csv), &said_),
            0)
      << said_;
  const auto table = ReadCsv(csv);
  const MethodResult result = ResultIn(Recorded());
  int compared = 0;
  for (const Entry& entry : result.entries()) {
    ASSERT_EQ(table.count(entry.tuner()), 1u) << entry.tuner();
    const auto& line = table.at(entry.tuner());
    ASSERT_EQ(line.at("status") == "OK", entry.status() == OK) << entry.tuner();
    if (entry.status() != OK) continue;
    // Records are rounded. Between two points of the grid a replay interpolates (RecordedLds).
    const bool on_grid = entry.tuner() != "surrogate_indicator";
    EXPECT_NEAR(Number(line.at("lds")), entry.metrics(0).estimate().value(), on_grid ? 2e-4 : .02)
        << entry.tuner();
    const CostRecord& cost = entry.tuning_cost();
    EXPECT_EQ(Number(line.at("retrainings")), cost.retrainings()) << entry.tuner();
    EXPECT_NEAR(Number(line.at("flops")), cost.flops(), 1e-9 * cost.flops()) << entry.tuner();
    ++compared;
  }
  EXPECT_GE(compared, 12);
}

TEST_F(ReplayTest, TheResultIsThatOfARunWithoutRecords) {
  const MethodResult with = ResultIn(Recorded()), without = ResultIn(Plain());
  ASSERT_EQ(with.entries_size(), without.entries_size());
  for (int e = 0; e < with.entries_size(); ++e) {
    EXPECT_EQ(with.entries(e).message(), without.entries(e).message());
    EXPECT_EQ(with.entries(e).tuning_cost().flops(), without.entries(e).tuning_cost().flops());
    ASSERT_EQ(with.entries(e).metrics_size(), without.entries(e).metrics_size());
    for (int m = 0; m < with.entries(e).metrics_size(); ++m) {
      EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
          with.entries(e).metrics(m), without.entries(e).metrics(m)));
    }
  }
}

TEST_F(ReplayTest, AResultWithoutARecordDoesNotStandForOneWithIt) {
  const std::string flags = absl::StrCat("--threads=1 --record_tuning --resume --methods=grad_dot,",
                                         kMethod, " --output=");
  ASSERT_EQ(RunProgram("benchmarks/run", flags + Recorded(), &said_), 0) << said_;
  EXPECT_TRUE(absl::StrContains(said_, "2 of 2 results are there already")) << said_;
  ASSERT_EQ(RunProgram("benchmarks/run", flags + Plain(), &said_), 0) << said_;
  EXPECT_TRUE(
      absl::StrContains(said_, absl::StrCat(kMethod, " runs again: it has no tuning record there")))
      << said_;
}

TEST_F(ReplayTest, WhatIsNotThereIsNamed) {
  EXPECT_EQ(RunProgram("evaluators/replay/replay", "--tuner=mine", &said_), 1);
  EXPECT_TRUE(absl::StrContains(said_, "--tuner: there is no 'mine'; known are: default, "));
  EXPECT_EQ(RunProgram("evaluators/replay/replay", "--block=all", &said_), 1);
  EXPECT_TRUE(absl::StrContains(said_, "--block is 'all', must be reporting or tuning")) << said_;
  EXPECT_EQ(RunProgram("evaluators/replay/replay", "--records=/nowhere", &said_), 1);
  EXPECT_TRUE(absl::StrContains(said_, "in /nowhere: //benchmarks:run --record_tuning")) << said_;
  const std::string records = absl::StrCat("--records=", Recorded(), "/glyphs_mlp");
  EXPECT_EQ(RunProgram("evaluators/replay/replay", records + " --settings=mine", &said_), 1);
  EXPECT_TRUE(absl::StrContains(
      said_, absl::StrCat("--settings: there is no 'mine'; known are: ", kMethod)));
  EXPECT_EQ(RunProgram("evaluators/replay/replay", records + " --methods=mine", &said_), 1);
  EXPECT_TRUE(absl::StrContains(
      said_, absl::StrCat("--methods: there is no 'mine'; known are: ", kMethod)));
}

}  // namespace
}  // namespace attribench
