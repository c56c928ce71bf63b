// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_GLYPHS_H_
#define ATTRIBENCH_DATASETS_FORMATS_GLYPHS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "datasets/formats/raw_images.h"

namespace attribench {

// `count` (>= 0) drawn digits of 28 x 28 pixels, white (255) on black, labels 0 to 9: a data set
// that needs no download and looks like MNIST from afar.
//
// A digit is one of the styles of its class, given as strokes through control points. Each image
// moves the points, turns, shears, scales and shifts the whole, and chooses the width and
// brightness of the stroke and the noise of the pixels; few images are very sloppy, and few have a
// gap in the stroke or a stray one. Labels are independent and uniform.
//
// Example i depends on `seed`, `split` and i only: neither on `count` nor on other examples. The
// bytes are the same on every machine, as the arithmetic is that of IEEE doubles without library
// functions but the square root; the compiler must not fuse multiplications and additions
// (-ffp-contract=off).
RawImages DrawGlyphs(uint64_t seed, absl::string_view split, int64_t count);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_GLYPHS_H_
