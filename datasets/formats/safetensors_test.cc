// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors.h"

#include "ATen/ATen.h"
#include "absl/strings/match.h"
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
  const absl::Status brain =
      ParseSafetensors(
          WithHeader(R"({"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", "12"), "f")
          .status();
  EXPECT_EQ(brain.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(brain.message(),
            "f: tensor x has type BF16, must be one of BOOL, U8, I32, I64, F16, F32, F64");
  EXPECT_EQ(SerializeSafetensors({{{"b", at::ones({1}, at::kBFloat16)}}, {}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace attribench
