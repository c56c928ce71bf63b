// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/idx.h"

#include <zlib.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "datasets/random_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string BigEndian(uint32_t x) {
  return {static_cast<char>(x >> 24), static_cast<char>(x >> 16), static_cast<char>(x >> 8),
          static_cast<char>(x)};
}

std::string ImageHeader(uint32_t count, uint32_t height, uint32_t width, uint32_t magic = 0x803) {
  return BigEndian(magic) + BigEndian(count) + BigEndian(height) + BigEndian(width);
}

std::string LabelHeader(uint32_t count, uint32_t magic = 0x801) {
  return BigEndian(magic) + BigEndian(count);
}

// Bytes that do not compress.
std::string Noise(int64_t size) {
  RandomStream stream(1, "idx noise");
  std::string bytes;
  for (int64_t i = 0; i < size; ++i) bytes += static_cast<char>(stream.Next32());
  return bytes;
}

class IdxTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) {
    return absl::StrCat(testing::TempDir(), "/",
                        testing::UnitTest::GetInstance()->current_test_info()->name(), "_", name);
  }

  std::string Plain(const std::string& name, const std::string& bytes) {
    const std::string path = Path(name);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  std::string Gzip(const std::string& name, const std::string& bytes) {
    const std::string path = Path(name);
    gzFile file = gzopen(path.c_str(), "wb");
    EXPECT_EQ(gzwrite(file, bytes.data(), bytes.size()), bytes.size());
    EXPECT_EQ(gzclose(file), Z_OK);
    return path;
  }

  std::string Contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  void ExpectError(const std::string& images, const std::string& labels, int64_t first_n,
                   absl::StatusCode code, const testing::Matcher<std::string>& message) {
    const absl::StatusOr<RawImages> result = ReadIdx(images, labels, first_n);
    EXPECT_EQ(result.status().code(), code) << result.status();
    EXPECT_THAT(std::string(result.status().message()), message);
  }

  // Three images of 2 x 3 pixels.
  const std::string images_ = ImageHeader(3, 2, 3) + "abcdefghijklmnopqr";
  const std::string labels_ = LabelHeader(3) + std::string("\x07\xFF\x01");
};

TEST_F(IdxTest, ReadsFirstExamplesOfPlainAndGzippedFiles) {
  const std::vector<std::string> images = {Plain("i", images_), Gzip("i.gz", images_)};
  const std::vector<std::string> labels = {Plain("l", labels_), Gzip("l.gz", labels_)};
  for (const std::string& i : images) {
    for (const std::string& l : labels) {
      for (int64_t n = 1; n <= 3; ++n) {
        const absl::StatusOr<RawImages> result = ReadIdx(i, l, n);
        ASSERT_TRUE(result.ok()) << result.status();
        EXPECT_EQ(result->height, 2);
        EXPECT_EQ(result->width, 3);
        EXPECT_EQ(result->size(), n);
        EXPECT_EQ(std::string(result->pixels.begin(), result->pixels.end()),
                  images_.substr(16, n * 6));
        EXPECT_EQ(std::string(result->labels.begin(), result->labels.end()), labels_.substr(8, n));
      }
    }
  }
}

TEST_F(IdxTest, ReadsFromAnyExampleOn) {
  const std::string images = Gzip("i", images_), labels = Plain("l", labels_);
  for (int64_t first = 0; first < 3; ++first) {
    for (int64_t n = 1; first + n <= 3; ++n) {
      const absl::StatusOr<RawImages> result = ReadIdx(images, labels, n, first);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(std::string(result->pixels.begin(), result->pixels.end()),
                images_.substr(16 + first * 6, n * 6));
      EXPECT_EQ(std::string(result->labels.begin(), result->labels.end()),
                labels_.substr(8 + first, n));
    }
  }
  // The last example was read, so the file must end there.
  const std::string longer = Plain("longer", images_ + "s");
  EXPECT_TRUE(ReadIdx(longer, labels, 1, 1).ok());
  EXPECT_EQ(ReadIdx(longer, labels, 1, 2).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(IdxTest, ReadsMoreThanOneChunk) {
  const std::string pixels = Noise(3 * 1000 * 700);
  const absl::StatusOr<RawImages> result =
      ReadIdx(Gzip("i", ImageHeader(3, 1000, 700) + pixels), Gzip("l", labels_), 3);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(std::string(result->pixels.begin(), result->pixels.end()) == pixels);
  const absl::StatusOr<RawImages> last = ReadIdx(Path("i"), Path("l"), 1, 2);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_TRUE(std::string(last->pixels.begin(), last->pixels.end()) ==
              pixels.substr(2 * 1000 * 700));
}

TEST_F(IdxTest, MissingFile) {
  const std::string images = Plain("i", images_), labels = Plain("l", labels_);
  const std::string missing = Path("missing");
  ExpectError(missing, labels, 1, absl::StatusCode::kNotFound, HasSubstr(missing));
  ExpectError(images, missing, 1, absl::StatusCode::kNotFound, HasSubstr(missing));
}

TEST_F(IdxTest, DirectoryIsAnError) {
  EXPECT_FALSE(ReadIdx(testing::TempDir(), Plain("l", labels_), 1).ok());
}

TEST_F(IdxTest, WrongMagic) {
  const std::string images = Plain("i", images_), labels = Plain("l", labels_);
  ExpectError(
      labels, labels, 1, absl::StatusCode::kInvalidArgument,
      AllOf(HasSubstr(labels), HasSubstr("IDX of unsigned bytes with 1 dimension, must have "
                                         "3 dimensions (count, height, width)")));
  ExpectError(images, images, 1, absl::StatusCode::kInvalidArgument,
              AllOf(HasSubstr(images), HasSubstr("IDX of unsigned bytes with 3 dimensions, must "
                                                 "have 1 dimension (count) to be labels")));
  const std::string other = Plain("other", "some text that is long enough");
  ExpectError(other, labels, 1, absl::StatusCode::kInvalidArgument,
              AllOf(HasSubstr(other), HasSubstr("0x736f6d65, must be 0x00000803")));
}

TEST_F(IdxTest, SaysWhatTheFileIs) {
  const std::string labels = Plain("l", labels_);
  const auto expect = [&](const std::string& content, const std::string& message) {
    const std::string path = Plain("file", content);
    ExpectError(path, labels, 1, absl::StatusCode::kInvalidArgument,
                HasSubstr(absl::StrCat(path, ": ", message)));
  };
  expect("<!DOCTYPE html><html><body>Not found</body></html>",
         "is a web page, must be an IDX file");
  expect("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer");
  expect(ImageHeader(3, 2, 3, 0xB03) + std::string(36, 'x'),
         "IDX of 16-bit integers with 3 dimensions, but only unsigned bytes are read");
  expect(ImageHeader(3, 2, 3, 0x804) + BigEndian(3) + std::string(54, 'x'),
         "IDX of unsigned bytes with 4 dimensions, must have 3 dimensions");
  expect(BigEndian(0x802) + BigEndian(3) + BigEndian(6) + std::string(18, 'x'),
         "IDX of unsigned bytes with 2 dimensions, must have 3 dimensions");
  const std::string once = Contents(Gzip("once", images_));
  expect(Contents(Gzip("twice", once)), "is gzip inside gzip, must be an IDX file of images");
}

TEST_F(IdxTest, GarbageAfterTheGzipDataIsRefused) {
  const std::string labels = Plain("l", labels_);
  const std::string path = Plain("garbage", Contents(Gzip("i", images_)) + "garbage");
  ExpectError(path, labels, 3, absl::StatusCode::kDataLoss,
              AllOf(HasSubstr(path), HasSubstr("goes on after the end of its gzip data")));
}

TEST_F(IdxTest, SideOutOfBounds) {
  const std::string labels = Plain("l", labels_);
  for (const uint32_t side : {0u, 65537u, 0xFFFFFFFFu}) {
    const std::string value = absl::StrCat(" ", side, ", must be in [1, 65536]");
    const std::string high = Plain("high", ImageHeader(3, side, 3) + "abc");
    ExpectError(high, labels, 1, absl::StatusCode::kInvalidArgument,
                AllOf(HasSubstr(high), HasSubstr("height" + value)));
    const std::string wide = Plain("wide", ImageHeader(3, 2, side) + "abc");
    ExpectError(wide, labels, 1, absl::StatusCode::kInvalidArgument,
                AllOf(HasSubstr(wide), HasSubstr("width" + value)));
  }
}

TEST_F(IdxTest, CountsDiffer) {
  const std::string images = Plain("i", images_);
  const std::string labels = Plain("l", LabelHeader(4) + "abcd");
  ExpectError(images, labels, 1, absl::StatusCode::kInvalidArgument,
              AllOf(HasSubstr(images), HasSubstr(labels), HasSubstr("4 labels, must be 3")));
}

TEST_F(IdxTest, TooFewExamples) {
  const std::string images = Plain("i", images_), labels = Plain("l", labels_);
  ExpectError(images, labels, 4, absl::StatusCode::kInvalidArgument,
              AllOf(HasSubstr(images), HasSubstr("3 examples, must be at least 4")));
  EXPECT_EQ(ReadIdx(images, labels, 2, 2).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(ReadIdx(images, labels, 2, 2).status().message()),
              HasSubstr(images + ": 3 examples, must be at least 4 (2 from number 2 on): lower "
                                 "first_train or num_train"));
}

TEST_F(IdxTest, RangeMustBeOfExamples) {
  const std::string images = Plain("i", images_), labels = Plain("l", labels_);
  for (const int64_t n : {0, -5}) {
    ExpectError(images, labels, n, absl::StatusCode::kInvalidArgument,
                HasSubstr(absl::StrCat("the number of examples is ", n, ", must be from 1")));
  }
  const absl::Status status = ReadIdx(images, labels, 1, -1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(images + ": the first example is number -1, must be from 0"));
}

TEST_F(IdxTest, HeaderDoesNotDecideAllocation) {
  // The header announces 2^31 - 1 images of 4 GiB each; the file has three bytes of them.
  const std::string images = Plain("i", ImageHeader(0x7FFFFFFFu, 65536, 65536) + "abc");
  const std::string labels = Plain("l", LabelHeader(0x7FFFFFFFu) + "a");
  ExpectError(images, labels, 1, absl::StatusCode::kDataLoss,
              AllOf(HasSubstr(images), HasSubstr("ends after 19 bytes")));
  ExpectError(images, labels, 0x7FFFFFFFu, absl::StatusCode::kDataLoss,
              AllOf(HasSubstr(labels), HasSubstr("ends after 9 bytes")));
}

TEST_F(IdxTest, NegativeCounts) {
  const std::string images = Plain("i", images_), labels = Plain("l", labels_);
  const std::string bad_images = Plain("bad_i", ImageHeader(0xFFFFFFFFu, 2, 3) + "abcdef");
  const std::string bad_labels = Plain("bad_l", LabelHeader(0x80000000u) + "a");
  ExpectError(bad_images, labels, 1, absl::StatusCode::kInvalidArgument,
              HasSubstr(bad_images + ": count -1, must be in [0, 2147483647]"));
  ExpectError(images, bad_labels, 1, absl::StatusCode::kInvalidArgument,
              HasSubstr(bad_labels + ": count -2147483648, must be in [0, 2147483647]"));
}

TEST_F(IdxTest, FileOfAnotherLength) {
  const std::string images = Plain("i", images_), labels = Plain("l", labels_);
  for (const size_t size : {0, 3, 4, 10, 15, 16, 33}) {
    const std::string cut = Plain("cut", images_.substr(0, size));
    ExpectError(cut, labels, 3, absl::StatusCode::kDataLoss,
                AllOf(HasSubstr(cut), HasSubstr(absl::StrCat("ends after ", size, " bytes"))));
  }
  for (const size_t size : {0, 7, 10}) {
    const std::string cut = Plain("cut", labels_.substr(0, size));
    ExpectError(images, cut, 3, absl::StatusCode::kDataLoss,
                AllOf(HasSubstr(cut), HasSubstr(absl::StrCat("ends after ", size, " bytes"))));
  }
  const std::string longer = Plain("longer", images_ + "s");
  ExpectError(longer, labels, 3, absl::StatusCode::kDataLoss,
              AllOf(HasSubstr(longer), HasSubstr("goes on after the 34 bytes")));
  EXPECT_TRUE(ReadIdx(longer, labels, 2).ok());
}

TEST_F(IdxTest, TruncatedGzip) {
  const std::string labels = Gzip("l", labels_);
  const std::string whole = Contents(Gzip("i", ImageHeader(3, 100, 100) + Noise(30000)));
  // Cut within the data, and within the last eight bytes (checksum and length).
  for (const size_t size : {whole.size() / 2, whole.size() - 8, whole.size() - 1}) {
    const std::string cut = Plain("cut", whole.substr(0, size));
    ExpectError(cut, labels, 3, absl::StatusCode::kDataLoss, HasSubstr(cut));
  }
  const std::string cut = Plain("cut", whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(ReadIdx(cut, labels, 1).ok());
}

TEST_F(IdxTest, CorruptGzip) {
  const std::string labels = Gzip("l", labels_);
  // gzip stores noise uncompressed, so only the checksum shows the damage.
  std::string noise = Contents(Gzip("n", ImageHeader(3, 100, 100) + Noise(30000)));
  noise[noise.size() / 2] ^= 1;
  const std::string wrong_sum = Plain("wrong_sum", noise);
  ExpectError(wrong_sum, labels, 3, absl::StatusCode::kDataLoss,
              AllOf(HasSubstr(wrong_sum), HasSubstr("cannot be unpacked")));

  std::string text = Contents(Gzip("t", images_));
  for (size_t i = 10; i < text.size() - 8; ++i) text[i] = static_cast<char>(0xFF);
  const std::string no_code = Plain("no_code", text);
  ExpectError(no_code, labels, 1, absl::StatusCode::kDataLoss,
              AllOf(HasSubstr(no_code), HasSubstr("cannot be unpacked")));
}

}  // namespace
}  // namespace attribench
