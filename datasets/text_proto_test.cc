// SPDX-License-Identifier: Apache-2.0
#include "datasets/text_proto.h"

#include "datasets/settings/setting.pb.h"
#include "datasets/whole_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(TextProtoTest, ParsesAMessage) {
  Setting setting;
  const absl::Status status =
      ParseTextProto("# a comment\nname: \"x\"\nrecipe { epochs: 3 }\n", "file", &setting);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(setting.name(), "x");
  EXPECT_EQ(setting.recipe().epochs(), 3);
}

TEST(TextProtoTest, AnErrorHasTheNameTheLineAndTheReason) {
  Setting setting;
  const absl::Status status =
      ParseTextProto("name: \"x\"\nno_such_field: 3\n", "the.textproto", &setting);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), StartsWith("the.textproto: line 2: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("no_such_field"));
}

TEST(TextProtoTest, ValuesOfAnotherTypeAreErrors) {
  Setting setting;
  const absl::Status status = ParseTextProto("recipe {\n  epochs: \"three\"\n}", "f", &setting);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), StartsWith("f: line 2: "));
}

TEST(TextProtoTest, AFileHoldsWhatWasWritten) {
  const std::string path = testing::TempDir() + "/setting.textproto";
  Setting setting, read;
  setting.set_name("x");
  ASSERT_TRUE(WriteTextProto(path, setting).ok());
  EXPECT_EQ(*ReadWholeFile(path),
            "# proto-file: datasets/settings/setting.proto\n"
            "# proto-message: attribench.Setting\n"
            "name: \"x\"\n");
  ASSERT_TRUE(ReadTextProto(path, &read).ok());
  EXPECT_EQ(read.name(), "x");
  EXPECT_EQ(ReadTextProto(path + ".none", &read).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace attribench
