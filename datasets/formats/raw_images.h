// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_RAW_IMAGES_H_
#define ATTRIBENCH_DATASETS_FORMATS_RAW_IMAGES_H_

#include <cstdint>
#include <vector>

namespace attribench {

// Labelled images with one byte per pixel and channel, as they come from a file or a generator.
struct RawImages {
  int64_t channels = 1;
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // [n, channels, height, width], row-major
  std::vector<uint8_t> labels;  // [n]

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_RAW_IMAGES_H_
