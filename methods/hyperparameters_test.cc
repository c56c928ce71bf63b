// SPDX-License-Identifier: Apache-2.0
#include "methods/hyperparameters.h"

#include "absl/strings/match.h"
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

TEST(ValidateSpaceTest, FindsEachMistake) {
  EXPECT_TRUE(ValidateSpace(Space()).ok()) << ValidateSpace(Space());
  const auto mistake = [](const std::string& more) {
    return std::string(ValidateSpace(Space(more)).message());
  };
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'k' kind: REAL default_value: '1' }"), "twice"));
  EXPECT_TRUE(
      absl::StrContains(mistake("hyperparameters { kind: REAL default_value: '1' }"), "no name"));
  EXPECT_TRUE(
      absl::StrContains(mistake("hyperparameters { name: 'x' default_value: '1' }"), "no kind"));
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'x' kind: REAL default_value: 'one' }"), "finite number"));
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'x' kind: REAL default_value: '1' grid: '2' grid: '1' }"),
      "ascend"));
  EXPECT_TRUE(absl::StrContains(
      mistake("hyperparameters { name: 'x' kind: DAMPING default_value: '1' }"), "one damping"));
  EXPECT_TRUE(absl::StrContains(mistake("variants { name: 'v' set { key: 'z' value: '1' } }"),
                                "variant v"));
}

TEST(DampingTest, UnitsByHand) {
  EXPECT_EQ(*AbsoluteDamping({0.1, ABSOLUTE}, 20, 5), 0.1);
  EXPECT_EQ(*AbsoluteDamping({0.5, RELATIVE_TO_TRACE}, 20, 5), 10);
  EXPECT_EQ(*AbsoluteDamping({0.5, RELATIVE_TO_MEAN_EIGENVALUE}, 20, 5), 2);
  EXPECT_EQ(AbsoluteDamping({-1, ABSOLUTE}, 20, 5).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ToString({0.1, RELATIVE_TO_MEAN_EIGENVALUE}), "0.1 x mean eigenvalue");
}

}  // namespace
}  // namespace attribench
