// SPDX-License-Identifier: Apache-2.0
// Draws glyphs as a PNG file (8-bit grey), one row for each digit.

#include <png.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "datasets/formats/glyphs.h"

ABSL_FLAG(std::string, output, "", "the PNG file to write");
ABSL_FLAG(uint64_t, seed, 20240501, "seed of the glyphs");
ABSL_FLAG(std::string, split, "train", "split of the glyphs");
ABSL_FLAG(int, columns, 16,
          "number of examples of each digit, from the start of the split; 1 to 100");
ABSL_FLAG(int, scale, 2, "enlargement: screen pixels per side of a pixel; 1 to 8");

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Draws a sheet of glyphs. --output=glyphs.png");
  absl::ParseCommandLine(argc, argv);
  const std::string output = absl::GetFlag(FLAGS_output);
  const int columns = absl::GetFlag(FLAGS_columns), scale = absl::GetFlag(FLAGS_scale);
  if (output.empty() || columns < 1 || columns > 100 || scale < 1 || scale > 8) {
    std::fprintf(
        stderr,
        "draw_glyphs: --output is '%s', must be a path; --columns is %d, must be in [1, 100]; "
        "--scale is %d, must be in [1, 8]\n",
        output.c_str(), columns, scale);
    return 2;
  }
  const attribench::RawImages glyphs = attribench::DrawGlyphs(
      absl::GetFlag(FLAGS_seed), absl::GetFlag(FLAGS_split), 40 * columns + 400);

  const int64_t width = glyphs.width * columns * scale, height = glyphs.height * 10 * scale;
  std::vector<uint8_t> sheet(width * height);
  std::array<int, 10> used = {};
  for (int64_t i = 0; i < glyphs.size(); ++i) {
    const int digit = glyphs.labels[i];
    if (used[digit] == columns) continue;
    const int64_t left = used[digit]++ * glyphs.width * scale, top = digit * glyphs.height * scale;
    for (int64_t y = 0; y < glyphs.height * scale; ++y) {
      for (int64_t x = 0; x < glyphs.width * scale; ++x) {
        sheet[(top + y) * width + left + x] =
            glyphs.pixels[(i * glyphs.height + y / scale) * glyphs.width + x / scale];
      }
    }
  }

  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_GRAY;
  if (!png_image_write_to_file(&image, output.c_str(), 0, sheet.data(), 0, nullptr)) {
    std::fprintf(stderr, "%s: cannot be written: %s\n", output.c_str(), image.message);
    return 1;
  }
  return 0;
}
