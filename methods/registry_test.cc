// SPDX-License-Identifier: Apache-2.0
#include "methods/registry.h"

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
  EXPECT_EQ(damping->grid_size(), 15);
  EXPECT_EQ(damping->named_grid(), "");
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

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  return RUN_ALL_TESTS();
}
