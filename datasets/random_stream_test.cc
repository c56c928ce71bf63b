// SPDX-License-Identifier: Apache-2.0
#include "datasets/random_stream.h"

#include <cmath>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;

// Known answers published by the authors of the generator (Random123, kat_vectors).
TEST(PhiloxTest, KnownAnswers) {
  EXPECT_THAT(Philox({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  EXPECT_THAT(
      Philox({0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu}, {0xffffffffu, 0xffffffffu}),
      ElementsAre(0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
  EXPECT_THAT(
      Philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}),
      ElementsAre(0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
}

TEST(RandomStreamTest, SameArgumentsGiveSameStreamAndOthersDoNot) {
  RandomStream a(7, "order", {1, 2}), b(7, "order", {1, 2});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.Next32(), b.Next32());
  std::set<uint64_t> firsts = {
      RandomStream(7, "order", {1, 2}).Next64(), RandomStream(7, "order", {2, 1}).Next64(),
      RandomStream(7, "order", {1}).Next64(), RandomStream(8, "order", {1, 2}).Next64(),
      RandomStream(7, "dropout", {1, 2}).Next64()};
  EXPECT_EQ(firsts.size(), 5);
}

TEST(RandomStreamTest, MomentsOfUniformAndGaussian) {
  RandomStream stream(1, "moments");
  const int n = 100000;
  double uniform = 0, normal = 0, square = 0;
  for (int i = 0; i < n; ++i) {
    uniform += stream.Uniform();
    const double z = stream.Gaussian();
    normal += z;
    square += z * z;
  }
  // Five standard errors: sqrt(1/12/n), sqrt(1/n), sqrt(2/n).
  EXPECT_NEAR(uniform / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(normal / n, 0, 5 * std::sqrt(1.0 / n));
  EXPECT_NEAR(square / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(RandomStreamTest, BelowIsUniform) {
  RandomStream stream(1, "below");
  std::array<int, 3> count = {};
  for (int i = 0; i < 30000; ++i) ++count[stream.Below(3)];
  for (const int c : count) EXPECT_NEAR(c, 10000, 5 * std::sqrt(30000 * (1 / 3.) * (2 / 3.)));
}

TEST(RandomStreamTest, SampleIsAscendingWithoutRepeats) {
  RandomStream stream(1, "sample");
  const std::vector<int64_t> sample = stream.Sample(100, 50);
  ASSERT_EQ(sample.size(), 50);
  for (size_t i = 1; i < sample.size(); ++i) EXPECT_LT(sample[i - 1], sample[i]);
  EXPECT_GE(sample.front(), 0);
  EXPECT_LT(sample.back(), 100);
}

}  // namespace
}  // namespace attribench
