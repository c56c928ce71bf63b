// SPDX-License-Identifier: Apache-2.0
#include "methods/hyperparameters.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr char kSpace[] = R"(
  hyperparameters { name: "damping" kind: DAMPING damping_unit: RELATIVE_TO_TRACE default_value: "0.1" grid: "1e-3" grid: "0.1" }
  hyperparameters { name: "k" kind: INTEGER default_value: "8" grid: "4" grid: "8" minimum: 1 maximum: 64 }
  hyperparameters { name: "mode" kind: CHOICE default_value: "a" grid: "a" grid: "b" }
  hyperparameters { name: "rate" kind: REAL default_value: "0.5" grid: "0.5" minimum: 0 }
  variants { name: "small" set { key: "k" value: "4" } }
)";

HyperparameterSpace Space(const std::string& more = "") {
  HyperparameterSpace space;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kSpace + more, &space));
  return space;
}

TEST(HyperparametersTest, DefaultsAndOverrides) {
  const absl::StatusOr<Hyperparameters> point =
      Hyperparameters::Make(Space(), {{"k", "16"}, {"mode", "b"}});
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_EQ(point->Integer("k"), 16);
  EXPECT_EQ(point->Choice("mode"), "b");
  EXPECT_EQ(point->Real("rate"), 0.5);
  EXPECT_TRUE(point->HasDamping());
  EXPECT_EQ(point->DefaultDamping(), (Damping{0.1, RELATIVE_TO_TRACE}));
  EXPECT_EQ(point->DampingGrid(),
            (std::vector<Damping>{{1e-3, RELATIVE_TO_TRACE}, {0.1, RELATIVE_TO_TRACE}}));
}

// A space with one hyperparameter, `text` its kind, unit and grid.
HyperparameterSpace DampingSpace(const std::string& text) {
  HyperparameterSpace space;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "hyperparameters { name: 'damping' default_value: '0.1' " + text + " }", &space));
  return space;
}

constexpr char kRelative[] = "kind: DAMPING damping_unit: RELATIVE_TO_MEAN_EIGENVALUE ";

TEST(NamedGridTest, IsExpandedByEveryReader) {
  const HyperparameterSpace declared =
      DampingSpace(absl::StrCat(kRelative, "named_grid: 'relative_damping'"));
  EXPECT_TRUE(ValidateSpace(declared).ok()) << ValidateSpace(declared);
  HyperparameterSpace expanded = declared;
  ASSERT_TRUE(ExpandNamedGrids(expanded).ok());
  const Hyperparameter& damping = expanded.hyperparameters(0);
  EXPECT_EQ(std::vector<std::string>(damping.grid().begin(), damping.grid().end()),
            (std::vector<std::string>{"1e-6", "3.16e-6", "1e-5", "3.16e-5", "1e-4", "3.16e-4",
                                      "1e-3", "3.16e-3", "1e-2", "3.16e-2", "1e-1", "3.16e-1",
                                      "1",    "3.16",    "1e1",  "3.16e1",  "1e2",  "3.16e2",
                                      "1e3",  "3.16e3",  "1e4"}));
  EXPECT_EQ(damping.named_grid(), "");
  EXPECT_TRUE(ExpandNamedGrids(expanded).ok()) << "nothing is left to expand";
  EXPECT_EQ(damping.grid_size(), 21);
  const auto point = Hyperparameters::Make(declared, {});
  ASSERT_TRUE(point.ok()) << point.status();
  const std::vector<Damping> grid = point->DampingGrid();
  ASSERT_EQ(grid.size(), 21);
  EXPECT_EQ(grid[7], (Damping{3.16e-3, RELATIVE_TO_MEAN_EIGENVALUE}));
}

TEST(NamedGridTest, MistakesAreRefused) {
  const auto refusal = [](const std::string& text) {
    HyperparameterSpace space = DampingSpace(text);
    const absl::Status status = ValidateSpace(space);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(Hyperparameters::Make(space, {}).status(), status);
    EXPECT_EQ(ExpandNamedGrids(space), status);
    return std::string(status.message());
  };
  EXPECT_EQ(refusal(absl::StrCat(kRelative, "named_grid: 'wide'")),
            "hyperparameter damping has named_grid 'wide'; known are: relative_damping");
  EXPECT_EQ(refusal(absl::StrCat(kRelative, "named_grid: 'relative_damping' grid: '1'")),
            "hyperparameter damping has both grid and named_grid, must have one of them");
  EXPECT_EQ(refusal("kind: DAMPING damping_unit: ABSOLUTE named_grid: 'relative_damping'"),
            "hyperparameter damping is DAMPING in ABSOLUTE; named_grid relative_damping is for "
            "DAMPING in RELATIVE_TO_MEAN_EIGENVALUE");
  EXPECT_EQ(refusal("kind: REAL named_grid: 'relative_damping'"),
            "hyperparameter damping is REAL; named_grid relative_damping is for DAMPING in "
            "RELATIVE_TO_MEAN_EIGENVALUE");
}

TEST(HyperparametersTest, RefusalsNameValueAndBound) {
  const auto refusal = [](const std::string& name, const std::string& value) {
    const absl::Status status = Hyperparameters::Make(Space(), {{name, value}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name << "=" << value;
    return std::string(status.message());
  };
  EXPECT_TRUE(absl::StrContains(refusal("q", "1"), "known are: damping, k, mode, rate"));
  EXPECT_TRUE(absl::StrContains(refusal("k", "0"), "at least 1"));
  EXPECT_TRUE(absl::StrContains(refusal("k", "65"), "at most 64"));
  EXPECT_TRUE(absl::StrContains(refusal("k", "4.5"), "an integer"));
  EXPECT_TRUE(absl::StrContains(refusal("mode", "c"), "one of a, b"));
  EXPECT_TRUE(absl::StrContains(refusal("damping", "-1"), "at least 0"));
  EXPECT_TRUE(absl::StrContains(refusal("damping", "nan"), "finite"));
}

TEST(HyperparametersTest, WithChangesOneValue) {
  const Hyperparameters all = *Hyperparameters::Make(Space(), {{"mode", "b"}});
  const Hyperparameters other = *all.With("k", "7");
  EXPECT_EQ(other.Integer("k"), 7);
  EXPECT_EQ(other.Choice("mode"), "b");
  EXPECT_NE(all.Integer("k"), 7);
  EXPECT_EQ(all.With("k", "65").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(all.With("q", "1").status().message(), "no hyperparameter 'q'");
}

TEST(ValidateSpaceTest, FindsEachMistake) {
  EXPECT_TRUE(ValidateSpace(Space()).ok()) << ValidateSpace(Space());
  const auto mistake = [](const std::string& more) {
    return std::string(ValidateSpace(Space(more)).message());
  };
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'k' kind: REAL default_value: '1' }"), "declared twice"));
  EXPECT_TRUE(
      absl::StrContains(mistake("hyperparameters { kind: REAL default_value: '1' }"), "no name"));
  EXPECT_TRUE(
      absl::StrContains(mistake("hyperparameters { name: 'x' default_value: '1' }"), "no kind"));
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'x' kind: REAL default_value: 'one' }"), "finite number"));
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'x' kind: REAL default_value: '1' grid: '2' grid: '1' }"),
      "ascend"));
  EXPECT_TRUE(
      absl::StrContains(mistake("hyperparameters { name: 'x' kind: DAMPING default_value: '1' }"),
                        "at most one hyperparameter of kind DAMPING"));
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'x' kind: REAL default_value: '1' default_tuners: 't' }"),
      "only a DAMPING is tuned"));
  EXPECT_TRUE(absl::StrContains(mistake("variants { name: 'v' set { key: 'z' value: '1' } }"),
                                "variant v"));
  const std::string either = "facts { checkpoints: FULL_OR_HALF_DATA } ";
  const std::string kind =
      "hyperparameters { name: 'checkpoint_kind' kind: CHOICE default_value: 'full_data' "
      "grid: 'full_data' ";
  EXPECT_TRUE(absl::StrContains(mistake(either), "must be a hyperparameter checkpoint_kind"));
  EXPECT_TRUE(absl::StrContains(mistake(either + kind + "grid: 'quarter_data' }"),
                                "values full_data and half_data"));
  EXPECT_EQ(mistake(either + kind + "grid: 'half_data' }"), "");
}

}  // namespace
}  // namespace attribench
