// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/example_range.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ExampleRangeTest, BoundsAreNamed) {
  EXPECT_TRUE(CheckRange("f", 0, 1).ok());
  EXPECT_TRUE(CheckRange("f", 2147483646, 1).ok());
  const auto message = [](int64_t first, int64_t count) {
    const absl::Status status = CheckRange("f", first, count);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(message(0, 0), "f: the number of examples is 0, must be from 1 to 2147483647");
  EXPECT_EQ(message(0, int64_t{1} << 40),
            "f: the number of examples is 1099511627776, must be from 1 to 2147483647");
  EXPECT_EQ(message(-1, 5), "f: the first example is number -1, must be from 0 to 2147483642");
  EXPECT_EQ(message(2147483643, 5),
            "f: the first example is number 2147483643, must be from 0 to 2147483642");
}

TEST(ExampleRangeTest, TooFewSaysHowManyAndWhatToChange) {
  EXPECT_EQ(TooFewExamples("f: 3 examples", 0, 4).message(), "f: 3 examples, must be at least 4");
  EXPECT_EQ(
      TooFewExamples("f: 3 examples", 2, 2).message(),
      "f: 3 examples, must be at least 4 (2 from number 2 on): lower first_train or num_train "
      "of the setting, or first_test or num_test if these are test files");
}

}  // namespace
}  // namespace attribench
