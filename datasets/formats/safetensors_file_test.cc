// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors_file.h"

#include <filesystem>
#include <string>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/formats/safetensors.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

class SafetensorsFileTest : public testing::Test {
 protected:
  const std::string path_ = testing::TempDir() + "/some.safetensors";
  Safetensors content_ = {{{"half", at::arange(12).to(at::kHalf).view({3, 4})},
                           {"number", at::full({}, 2.5, at::kDouble)},
                           {"row", at::arange(5, at::kLong)},
                           {"deep", at::arange(24, at::kFloat).view({4, 2, 3})},
                           {"empty", at::empty({0, 7}, at::kFloat)}},
                          {{"setting", "mine"}}};
};

TEST_F(SafetensorsFileTest, GivesWhatWasWritten) {
  ASSERT_TRUE(WriteSafetensors(path_, content_).ok());
  const absl::StatusOr<SafetensorsFile> file = SafetensorsFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->header().metadata, content_.metadata);
  EXPECT_EQ(file->header().tensors.size(), content_.tensors.size());
  EXPECT_EQ(file->header().tensors.at("half").dtype, "F16");
  for (const auto& [name, tensor] : content_.tensors) {
    const absl::StatusOr<at::Tensor> read = file->Read(name);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(at::equal(*read, tensor)) << name;
  }
  EXPECT_TRUE(at::equal(*file->Rows("half", 1, 3), content_.tensors["half"].slice(0, 1, 3)));
  EXPECT_EQ(file->Rows("half", 2, 2)->size(0), 0);
  const at::Tensor deep = content_.tensors["deep"].view({4, 6});
  const at::Tensor some = at::tensor({0, 2, 3}, at::kLong);
  EXPECT_TRUE(at::equal(*file->Columns("deep", {0, 2, 3}, 1, 5),
                        deep.index_select(0, some).slice(1, 1, 5)));
  EXPECT_TRUE(at::equal(*file->Columns("deep", {0, 2, 3}, 0, 6), deep.index_select(0, some)));
  EXPECT_EQ(file->Columns("deep", {}, 0, 6)->size(0), 0);
  EXPECT_EQ(file->Columns("deep", {4}, 0, 6).status(),
            absl::OutOfRangeError(path_ + ": tensor deep is [4, 6], asked for columns 0 to 6"));
  EXPECT_TRUE(absl::IsOutOfRange(file->Columns("deep", {0}, 0, 7).status()));
  EXPECT_EQ(file->Rows("half", 2, 4).status(),
            absl::OutOfRangeError(path_ + ": tensor half has 3 rows, asked for 2 to 4"));
  EXPECT_EQ(file->Rows("number", 0, 1).status(),
            absl::OutOfRangeError(path_ + ": tensor number has no rows, asked for 0 to 1"));
  EXPECT_EQ(
      file->Read("hlaf").status(),
      absl::NotFoundError(path_ + ": no tensor hlaf; the file has deep, empty, half, number, row"));
}

TEST_F(SafetensorsFileTest, RefusesWhatTheOtherReaderRefuses) {
  const std::string good = *SerializeSafetensors(content_);
  for (const std::string& bad :
       {std::string(), good.substr(0, 7), good.substr(0, 40), good.substr(0, good.size() - 1),
        good + "x", std::string(200, 'a'), std::string("<!DOCTYPE html><html></html>")}) {
    ASSERT_TRUE(WriteWholeFile(path_, bad).ok());
    const absl::Status status = SafetensorsFile::Open(path_).status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status, ReadSafetensors(path_).status());
  }
  EXPECT_EQ(SafetensorsFile::Open(path_ + ".none").status(),
            absl::NotFoundError("no file " + path_ + ".none"));
  EXPECT_TRUE(absl::StrContains(SafetensorsFile::Open(testing::TempDir()).status().message(),
                                "is a folder, must be a file"));
}

TEST_F(SafetensorsFileTest, SaysThatAFileBecameShorter) {
  ASSERT_TRUE(WriteSafetensors(path_, content_).ok());
  const SafetensorsFile file = *SafetensorsFile::Open(path_);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 8);
  const absl::Status status = file.Read("row").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_TRUE(absl::StrContains(status.message(), "it became shorter while it was read")) << status;
}

}  // namespace
}  // namespace attribench
