// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/glyphs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/string_view.h"
#include "datasets/fnv.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

constexpr int64_t kPixels = 28 * 28;

TEST(GlyphsTest, Shape) {
  const RawImages glyphs = DrawGlyphs(1, "train", 3);
  EXPECT_EQ(glyphs.height, 28);
  EXPECT_EQ(glyphs.width, 28);
  EXPECT_EQ(glyphs.size(), 3);
  EXPECT_EQ(glyphs.pixels.size(), 3 * kPixels);
  EXPECT_EQ(DrawGlyphs(1, "train", 0).size(), 0);
}

TEST(GlyphsTest, SameArgumentsGiveSameGlyphsAndOthersDoNot) {
  const RawImages a = DrawGlyphs(7, "train", 20), b = DrawGlyphs(7, "train", 20);
  EXPECT_EQ(a.pixels, b.pixels);
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_NE(a.pixels, DrawGlyphs(8, "train", 20).pixels);
  EXPECT_NE(a.labels, DrawGlyphs(8, "train", 20).labels);
  EXPECT_NE(a.pixels, DrawGlyphs(7, "test", 20).pixels);
  EXPECT_NE(a.labels, DrawGlyphs(7, "test", 20).labels);
}

TEST(GlyphsTest, FewerAreAPrefixOfMore) {
  const RawImages few = DrawGlyphs(7, "train", 10);
  RawImages many = DrawGlyphs(7, "train", 20);
  many.pixels.resize(10 * kPixels);
  many.labels.resize(10);
  EXPECT_EQ(few.pixels, many.pixels);
  EXPECT_EQ(few.labels, many.labels);
}

// Every machine and compiler must draw these bytes: the hash of the pixels, then the labels.
TEST(GlyphsTest, GoldenBytes) {
  const RawImages glyphs = DrawGlyphs(20240501, "train", 100);
  const auto text = [](const std::vector<uint8_t>& bytes) {
    return absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  EXPECT_EQ(Fnv1a(text(glyphs.labels), Fnv1a(text(glyphs.pixels))), 0x19834F0739112388u);
}

TEST(GlyphsTest, LabelsAreBalanced) {
  const int n = 1000;
  std::array<int, 10> count = {};
  for (const uint8_t label : DrawGlyphs(3, "train", n).labels) {
    ASSERT_LT(label, 10);
    ++count[label];
  }
  // Five standard errors of a binomial count.
  for (const int c : count) EXPECT_NEAR(c, n / 10., 5 * std::sqrt(n * 0.1 * 0.9));
}

TEST(GlyphsTest, EveryImageHasInkAndDark) {
  const RawImages glyphs = DrawGlyphs(5, "train", 1000);
  for (int64_t i = 0; i < glyphs.size(); ++i) {
    const auto image = glyphs.pixels.begin() + i * kPixels;
    const int64_t bright =
        std::count_if(image, image + kPixels, [](uint8_t p) { return p >= 128; });
    const int64_t dark = std::count_if(image, image + kPixels, [](uint8_t p) { return p < 32; });
    EXPECT_GE(bright, 10) << i;
    EXPECT_GE(dark, kPixels / 2) << i;
  }
}

// The task is neither trivial nor impossible: the nearest training image has the right label for
// most test images, but not for all.
TEST(GlyphsTest, NearestNeighbourIsOftenRight) {
  const RawImages train = DrawGlyphs(20240501, "train", 1000);
  const RawImages test = DrawGlyphs(20240501, "test", 200);
  int right = 0;
  for (int64_t i = 0; i < test.size(); ++i) {
    int64_t best = std::numeric_limits<int64_t>::max();
    int label = -1;
    for (int64_t j = 0; j < train.size(); ++j) {
      int32_t square = 0;
      for (int64_t k = 0; k < kPixels; ++k) {
        const int32_t d = test.pixels[i * kPixels + k] - train.pixels[j * kPixels + k];
        square += d * d;
      }
      if (square < best) {
        best = square;
        label = train.labels[j];
      }
    }
    right += label == test.labels[i];
  }
  EXPECT_GE(right, 0.60 * test.size());
  EXPECT_LE(right, 0.98 * test.size());
}

}  // namespace
}  // namespace attribench
