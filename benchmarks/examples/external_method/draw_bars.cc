// SPDX-License-Identifier: Apache-2.0
//
// draw_bars FOLDER: writes four IDX files of 8 x 8 images. Each image shows one bar and noise. The
// class is the direction of the bar and the half of the image that it lies in. One label in ten is
// wrong.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>

#include "datasets/random_stream.h"

namespace {

constexpr int kSide = 8;
constexpr int kClasses = 4;

void WriteWord(std::ofstream& file, uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) file.put(static_cast<char>(word >> shift));
}

bool Draw(const std::string& folder, const std::string& split, uint32_t count) {
  std::ofstream images(folder + "/" + split + "-images", std::ios::binary);
  std::ofstream labels(folder + "/" + split + "-labels", std::ios::binary);
  for (const uint32_t word : {0x803u, count, uint32_t{kSide}, uint32_t{kSide}}) {
    WriteWord(images, word);
  }
  for (const uint32_t word : {0x801u, count}) WriteWord(labels, word);
  for (uint32_t i = 0; i < count; ++i) {
    attribench::RandomStream stream(1, "bars " + split, {i});
    const int bar_class = static_cast<int>(stream.Below(kClasses));
    const bool upright = bar_class % 2 == 0;
    const int place = bar_class / 2 * kSide / 2 + static_cast<int>(stream.Below(kSide / 2));
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const double pixel = ((upright ? x : y) == place ? 150 : 50) + 50 * stream.Gaussian();
        images.put(static_cast<char>(static_cast<int>(std::clamp(pixel, 0.0, 255.0))));
      }
    }
    const bool wrong = stream.Uniform() < .1;
    labels.put(static_cast<char>(wrong ? stream.Below(kClasses) : bar_class));
  }
  return images.flush().good() && labels.flush().good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !Draw(argv[1], "train", 400) || !Draw(argv[1], "test", 100)) {
    std::cerr << "draw_bars: cannot write the files; usage: draw_bars FOLDER\n";
    return 1;
  }
  return 0;
}
