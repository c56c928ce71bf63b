// SPDX-License-Identifier: Apache-2.0
//
// Two targets of the same name in one program must be an error; neither may replace the other.
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "methods/registry.h"

namespace attribench {
namespace {

TEST(RegistryClashTest, TwoMethodsWithOneNameAreRefused) {
  for (int i = 0; i < 2; ++i) {
    RegisterMethod("twice", [] { return std::unique_ptr<AttributionMethod>(); });
    RegisterHyperparameterSpace("twice", "summary: 'a' source: 'b'");
  }
  const absl::Status status = RegisteredMethods().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "twice")) << status;
  EXPECT_EQ(MethodVariants().status(), status);
}

}  // namespace
}  // namespace attribench
