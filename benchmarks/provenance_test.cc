// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/provenance.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

MethodResult SampleResult() {
  MethodResult result;
  result.mutable_setting()->set_name("glyphs_mlp");
  result.set_method("trak_10");
  result.add_entries()->set_tuner("default");
  result.add_entries()->set_tuner("grid_search_2");
  Provenance& provenance = *result.mutable_provenance();
  provenance.set_program_version(std::string(64, 'a'));
  provenance.set_build_mode("opt");
  provenance.set_torch_version("1.13.1");
  provenance.set_date("2026-01-02T03:04:05Z");
  provenance.set_zoo_recipe_digest(std::string(64, 'b'));
  provenance.set_ground_truth_digest(std::string(64, 'c'));
  provenance.set_data_digest(std::string(64, 'd'));
  (*provenance.mutable_hyperparameters())["checkpoints"] = "10";
  return result;
}

TEST(CompareProvenanceTest, TheDateAloneIsNoDifference) {
  const Provenance before = SampleResult().provenance();
  Provenance now = before;
  now.set_date("2027-01-01T00:00:00Z");
  EXPECT_TRUE(CompareProvenance(before, now).empty());
}

TEST(CompareProvenanceTest, EveryOtherFieldIsNamed) {
  const Provenance before = SampleResult().provenance();
  Provenance now = before;
  now.set_data_digest(std::string(64, 'e'));
  now.set_zoo_recipe_digest("");
  now.set_ground_truth_digest(std::string(63, 'c') + 'd');
  now.set_program_version(std::string(64, 'f'));
  now.set_build_mode("dbg");
  now.set_torch_version("2.11.0");
  (*now.mutable_hyperparameters())["checkpoints"] = "1";
  (*now.mutable_hyperparameters())["projection"] = "512";
  using Of = ProvenanceDifference::Of;
  const struct {
    Of of;
    std::string what, before, now;
  } expected[] = {
      {Of::kFiles, "data digest", "dddddddddddd..", "eeeeeeeeeeee.."},
      {Of::kFiles, "zoo recipe digest", "bbbbbbbbbbbb..", "none"},
      {Of::kFiles, "ground-truth digest", std::string(64, 'c'), std::string(63, 'c') + 'd'},
      {Of::kProgram, "program version", "aaaaaaaaaaaa..", "ffffffffffff.."},
      {Of::kBuild, "build mode", "opt", "dbg"},
      {Of::kBuild, "LibTorch version", "1.13.1", "2.11.0"},
      {Of::kMethod, "checkpoints", "10", "1"},
      {Of::kMethod, "projection", "none", "512"},
  };
  const std::vector<ProvenanceDifference> differences = CompareProvenance(before, now);
  ASSERT_EQ(differences.size(), std::size(expected));
  for (size_t i = 0; i < differences.size(); ++i) {
    EXPECT_EQ(differences[i].of, expected[i].of) << expected[i].what;
    EXPECT_EQ(differences[i].what, expected[i].what);
    EXPECT_EQ(differences[i].before, expected[i].before);
    EXPECT_EQ(differences[i].now, expected[i].now);
  }
}

TEST(ReasonToRunAgainTest, ASameResultStands) {
  MethodResult now = SampleResult();
  now.mutable_provenance()->set_date("2027-01-01T00:00:00Z");
  now.mutable_entries(0)->set_status(ERROR);
  EXPECT_EQ(ReasonToRunAgain(SampleResult(), now), "");
}

TEST(ReasonToRunAgainTest, WhatDiffersIsNamed) {
  MethodResult now = SampleResult();
  now.set_method("trak_1");
  now.mutable_entries(1)->set_tuner("random_search");
  now.mutable_provenance()->set_data_digest(std::string(64, 'e'));
  EXPECT_EQ(ReasonToRunAgain(SampleResult(), now),
            "method: trak_10 in the result there, trak_1 now; tuners: default, grid_search_2 in "
            "the result there, default, random_search now; data digest: dddddddddddd.. in the "
            "result there, eeeeeeeeeeee.. now");
}

TEST(ReasonToRunAgainTest, WithoutProvenanceOrVersionNothingStands) {
  MethodResult old = SampleResult(), now = SampleResult();
  old.clear_provenance();
  EXPECT_EQ(ReasonToRunAgain(old, now), "the result there has no provenance");
  now.mutable_provenance()->clear_program_version();
  EXPECT_TRUE(absl::StrContains(ReasonToRunAgain(now, now), "run_program"));
}

}  // namespace
}  // namespace attribench
