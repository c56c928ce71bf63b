// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors.h"

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

std::string WithHeader(const std::string& json, const std::string& data) {
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(json.size());
  return bytes + json + data;
}

TEST(SafetensorsTest, RoundTripOfEveryType) {
  Safetensors content;
  content.tensors["b"] = at::tensor({1, 0}).to(at::kBool);
  content.tensors["u"] = at::tensor({1, 2, 255}, at::kByte);
  content.tensors["i"] = at::tensor({-1, 2}, at::kInt);
  content.tensors["l"] = at::tensor({int64_t{-1}, int64_t{1} << 40}, at::kLong);
  content.tensors["c"] = at::tensor({-128, 127}).to(at::kChar);
  content.tensors["s"] = at::tensor({-32768, 32767}).to(at::kShort);
  content.tensors["brain"] = at::tensor({0.5f, -2.0f}).to(at::kBFloat16);
  content.tensors["h"] = at::tensor({0.1f, -2.0f}).to(at::kHalf);
  content.tensors["f"] = at::arange(6, at::kFloat).view({2, 3}).t();  // not contiguous
  content.tensors["d"] = at::full({}, 0.1, at::kDouble);
  content.tensors["empty"] = at::empty({0, 4}, at::kFloat);
  content.metadata["key"] = "value";
  const std::string bytes = *SerializeSafetensors(content);
  const absl::StatusOr<Safetensors> back = ParseSafetensors(bytes, "bytes");
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->metadata, content.metadata);
  ASSERT_EQ(back->tensors.size(), content.tensors.size());
  for (const auto& [name, tensor] : content.tensors) {
    EXPECT_EQ(back->tensors.at(name).scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(at::equal(back->tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(*SerializeSafetensors(*back), bytes);
}

// The expected bytes are written by hand, from the description of the format.
TEST(SafetensorsTest, BytesOfTheFormat) {
  Safetensors content;
  content.tensors["x"] = at::tensor({1.0f}, at::kFloat);
  const std::string header = R"({"x":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(*SerializeSafetensors(content),
            WithHeader(header + padding, std::string("\0\0\x80\x3f", 4)));
}

TEST(SafetensorsTest, RefusesWhatIsMalformed) {
  const std::string bad[] = {
      "",
      "1234567",
      std::string(8, '\xff') + "{}",
      WithHeader("[]", ""),
      WithHeader("{", ""),
      WithHeader(R"({"x":1})", ""),
      WithHeader(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "123"),
      WithHeader(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234"),
      WithHeader(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234"),
      WithHeader(R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234"),
      WithHeader(R"({"x":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}})",
                 "1234"),
      WithHeader(R"({"__metadata__":3})", ""),
  };
  for (const std::string& bytes : bad) {
    const absl::Status status = ParseSafetensors(bytes, "the-file").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bytes;
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), "the-file"));
  }
  EXPECT_EQ(SerializeSafetensors({{{"c", at::zeros({1}, at::kComplexFloat)}}, {}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// The format says: no holes, no overlaps, no bytes after the last tensor, no name twice.
TEST(SafetensorsTest, TensorsMustCoverTheDataOnce) {
  const std::string x = R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  const std::pair<std::string, const char*> bad[] = {
      {WithHeader(x + R"(,"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "123"),
       "tensors x and y overlap: both have byte 1 of the data"},
      {WithHeader(x + R"(,"y":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "12"),
       "tensors x and y overlap: both have byte 0 of the data"},
      {WithHeader(x + R"(,"y":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}})", "12345"),
       "bytes 2 to 3 of the data, before tensor y, belong to no tensor"},
      {WithHeader(x + "}", "12345"), "3 bytes after the last tensor belong to no tensor"},
      {WithHeader(x + R"(,"x":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})", "123"),
       "its header has x twice"},
      {WithHeader(R"({"x":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "1"),
       "its header has dtype twice"},
      {"<!DOCTYPE html><html>", "it is a web page"},
  };
  for (const auto& [bytes, message] : bad) {
    const absl::Status status = ParseSafetensors(bytes, "the-file").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(status.message(), absl::StrCat("the-file is not a safetensors file: ", message));
  }
  const auto good = ParseSafetensors(
      WithHeader(x + R"(,"empty":{"dtype":"F32","shape":[0],"data_offsets":[2,2]}})", "12"), "f");
  EXPECT_TRUE(good.ok()) << good.status();
}

// A tensor of another type does not matter unless somebody asks for it.
TEST(SafetensorsTest, OtherTypesAreRefusedWhereTheyAreAskedFor) {
  const auto content =
      ParseSafetensors(WithHeader(R"({"x":{"dtype":"U16","shape":[1],"data_offsets":[0,2]},)"
                                  R"("y":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                                  "123"),
                       "f");
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(FindTensor(*content, "y", "f")->item<int>(), '3');
  const absl::Status other = FindTensor(*content, "x", "f").status();
  EXPECT_EQ(other.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(other.message(),
            "f: tensor x has type U16, must be one of BOOL, U8, I8, I16, I32, I64, BF16, F16, F32, "
            "F64");
  const absl::Status missing = FindTensor(*content, "z", "f").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), "f: no tensor z; the file has y");
}

}  // namespace
}  // namespace attribench
