// SPDX-License-Identifier: Apache-2.0
#include "methods/registry.h"

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(RegistryTest, HoldsTheListOfMethods) {
  const auto methods = RegisteredMethods();
  ASSERT_TRUE(methods.ok()) << methods.status();
  std::vector<std::string> names;
  for (const RegisteredMethod& method : *methods) names.push_back(method.name);
  // METHODS in methods/BUILD.
  EXPECT_THAT(names, testing::ElementsAre("fisher", "grad_dot", "random", "trak"));
}

TEST(RegistryTest, VariantsAreFoundByNameAndOthersListTheKnown) {
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
