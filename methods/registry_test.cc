// SPDX-License-Identifier: Apache-2.0
#include "methods/registry.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::vector<std::string>, methods, {}, "METHODS of methods/BUILD");

namespace attribench {
namespace {

TEST(RegistryTest, HoldsTheListOfMethods) {
  const auto methods = RegisteredMethods();
  ASSERT_TRUE(methods.ok()) << methods.status();
  std::vector<std::string> names;
  for (const RegisteredMethod& method : *methods) names.push_back(method.name);
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(absl::GetFlag(FLAGS_methods)))
      << "METHODS in methods/BUILD differs from the names that the methods register";
}

TEST(RegistryTest, NamedGridsAreExpanded) {
  const auto variant = FindMethodVariant("fisher");
  ASSERT_TRUE(variant.ok()) << variant.status();
  const Hyperparameter* damping = DampingOf(variant->method->space);
  ASSERT_NE(damping, nullptr);
  EXPECT_EQ(damping->grid_size(), 21);
  EXPECT_EQ(damping->named_grid(), "");
}

// In this repository, not in other workspaces: the curvature of each method can be subsampled.
TEST(RegistryTest, MethodsWithACurvatureHaveACurvatureFraction) {
  const auto methods = RegisteredMethods();
  ASSERT_TRUE(methods.ok()) << methods.status();
  int with_curvature = 0;
  for (const RegisteredMethod& method : *methods) {
    if (method.space.facts().curvature().empty()) continue;
    ++with_curvature;
    const auto& declared = method.space.hyperparameters();
    EXPECT_TRUE(std::any_of(declared.begin(), declared.end(), [](const Hyperparameter& h) {
      return h.name() == "curvature_fraction" && h.default_value() == "1";
    })) << method.name;
    EXPECT_NE(DampingOf(method.space), nullptr) << method.name;
  }
  EXPECT_EQ(with_curvature, 11);
}

TEST(RegistryTest, VariantsAreFoundByName) {
  const auto variant = FindMethodVariant("trak_10");
  ASSERT_TRUE(variant.ok()) << variant.status();
  EXPECT_EQ(variant->hyperparameters.Integer("checkpoints"), 10);
  EXPECT_EQ(variant->method->name, "trak");
  ASSERT_TRUE(FindMethodVariant("grad_dot").ok());
  const absl::Status status = FindMethodVariant("trak10").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "trak_10"));
}

TEST(RegistryTest, ControlsAreFoundByNameOnly) {
  const auto control = FindMethodVariant("trak_10_again");
  ASSERT_TRUE(control.ok()) << control.status();
  EXPECT_TRUE(control->control);
  EXPECT_FALSE(FindMethodVariant("trak_10")->control);
  const auto variants = MethodVariants();
  ASSERT_TRUE(variants.ok()) << variants.status();
  std::vector<std::string> names;
  for (const MethodVariant& variant : *variants) names.push_back(variant.name);
  EXPECT_THAT(names, testing::Contains("trak_10"));
  EXPECT_THAT(names, testing::Not(testing::Contains("trak_10_again")));
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  return RUN_ALL_TESTS();
}
