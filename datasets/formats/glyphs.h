// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_GLYPHS_H_
#define ATTRIBENCH_DATASETS_FORMATS_GLYPHS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "datasets/formats/raw_images.h"

namespace attribench {

// Draws `count` (>= 0) digits of 28 x 28 pixels, white (255) on black, with labels 0 to 9: a
// dataset that resembles MNIST and needs no download.
//
// Each digit has a few styles, given as strokes through control points. An image moves the control
// points a little, then rotates, shears, scales and shifts the digit. It also chooses the width and
// brightness of the strokes and the noise of the pixels. A few images are very sloppy, have a gap
// in a stroke or an extra stroke. Labels are independent and uniform.
//
// Example i depends on `seed`, `split` and i only, not on `count` or on other examples. The bytes
// are the same on every machine: the code uses IEEE doubles and no library function except the
// square root. It must be compiled without fused multiply-adds (-ffp-contract=off).
RawImages DrawGlyphs(uint64_t seed, absl::string_view split, int64_t count);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_GLYPHS_H_
