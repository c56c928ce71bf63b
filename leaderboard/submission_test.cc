// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/submission.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

void SetProvenance(MethodResult& result) {
  Provenance& from = *result.mutable_provenance();
  from.set_program_version("abc");
  from.set_torch_version("1.13.0");
  from.set_date("2026-01-01T00:00:00Z");
  from.set_zoo_recipe_digest("recipe");
  from.set_ground_truth_digest("truth");
  from.set_data_digest("data");
}

std::vector<ResultFile> Recorded() {
  std::vector<ResultFile> files;
  for (MethodResult result : SampleResults()) {
    SetProvenance(result);
    files.push_back({result.setting().name() + "/" + result.method(), std::move(result)});
  }
  return files;
}

MethodResult Good() {
  MethodResult result = SampleResults()[0];
  result.set_method("mine");
  SetProvenance(result);
  return result;
}

absl::Status Check(const MethodResult& result) {
  return CheckSubmission({{"mine.textproto", result}}, Recorded());
}

TEST(SubmissionTest, AGoodOnePasses) { EXPECT_TRUE(Check(Good()).ok()) << Check(Good()); }

TEST(SubmissionTest, TheFileAndTheFieldAreNamed) {
  struct Fault {
    const char* message;
    std::function<void(MethodResult&)> make;
  };
  const Fault faults[] = {
      {"method is '<script>alert(1)</script>'; a name has 1 to 64 lower-case letters",
       [](MethodResult& r) { r.set_method("<script>alert(1)</script>"); }},
      {"method is ''", [](MethodResult& r) { r.clear_method(); }},
      {"entries[0].tuner is 'a b'",
       [](MethodResult& r) { r.mutable_entries(0)->set_tuner("a b"); }},
      {"entries[1].message is 'a\\nb'; it must be one line",
       [](MethodResult& r) { r.mutable_entries(1)->set_message("a\nb"); }},
      {"entries[1].message is 'xxxx",
       [](MethodResult& r) { r.mutable_entries(1)->set_message(std::string(501, 'x')); }},
      {"entries[0].hyperparameters is '<b>'",
       [](MethodResult& r) { (*r.mutable_entries(0)->mutable_hyperparameters())["<b>"] = "1"; }},
      {"setting.name is 'elsewhere'; recorded settings are real, drawn",
       [](MethodResult& r) { r.mutable_setting()->set_name("elsewhere"); }},
      {"provenance.data_digest is empty",
       [](MethodResult& r) { r.mutable_provenance()->clear_data_digest(); }},
      {"data digest other",
       [](MethodResult& r) { r.mutable_provenance()->set_data_digest("other"); }},
      {"lds of 5; it must be from -1 to 1",
       [](MethodResult& r) { Lds(*r.mutable_entries(0)).mutable_estimate()->set_value(5); }},
      {"two results of this entry", [](MethodResult& r) { r.set_method("sharp"); }},
      {"bytes, at most 4194304 are allowed",
       [](MethodResult& r) { r.mutable_machine()->set_cpu_model(std::string(5 << 20, 'x')); }},
  };
  for (const Fault& fault : faults) {
    MethodResult result = Good();
    fault.make(result);
    const absl::Status status = Check(result);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << fault.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault.message));
    EXPECT_THAT(std::string(status.message()), HasSubstr("mine.textproto"));
  }
}

}  // namespace
}  // namespace attribench
