// SPDX-License-Identifier: Apache-2.0
#include "datasets/fnv.h"

#include <string>

#include "gtest/gtest.h"

namespace attribench {
namespace {

// From the test vectors that the authors publish (test_fnv.c, fnv1a_64_vector).
TEST(FnvTest, KnownAnswers) {
  EXPECT_EQ(Fnv1a(""), 0xcbf29ce484222325u);
  EXPECT_EQ(Fnv1a("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(Fnv1a("b"), 0xaf63df4c8601f1a5u);
  EXPECT_EQ(Fnv1a("foo"), 0xdcb27518fed9d577u);
  EXPECT_EQ(Fnv1a("foobar"), 0x85944171f73967e8u);
}

// Two of the published vectors. Code for C strings or signed characters gets them wrong.
TEST(FnvTest, ZeroAndHighBytesCount) {
  EXPECT_EQ(Fnv1a(std::string("foobar\0", 7)), 0x34531ca7168b8f38u);
  EXPECT_EQ(Fnv1a(std::string("\xff\x00\x00\x01", 4)), 0x6961196491cc682du);
}

TEST(FnvTest, ContinuesFromAnEarlierHash) {
  EXPECT_EQ(Fnv1a("bar", Fnv1a("foo")), Fnv1a("foobar"));
  EXPECT_EQ(Fnv1a("", Fnv1a("foo")), Fnv1a("foo"));
}

}  // namespace
}  // namespace attribench
