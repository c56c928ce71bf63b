// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_IDX_H_
#define ATTRIBENCH_DATASETS_FORMATS_IDX_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "datasets/formats/raw_images.h"

namespace attribench {

// clang-format off
// Reads `count` examples of a pair of IDX files, the format of MNIST, from number `first` on (the
// first of a file is number 0):
//
//   images: magic number 0x00000803, count, height, width; then one byte per pixel
//   labels: magic number 0x00000801, count;                then one byte per label
//
// The numbers have four bytes, most significant byte first. Each file may be plain or gzipped.
//
// The function reads no further than it needs. If it needs the last example, each file must end
// where its header says, and a gzipped file must match its checksum. The function allocates memory
// for bytes that it has found, never for a number in a header alone.
//
// Every error names the file, the bad value and the bound:
//
//   NotFound         a file does not exist (other failures to open: the code of the system error)
//   InvalidArgument  count is below 1, first below 0, or first + count above the count of a file
//                    a magic number is wrong; the message says what the file is, if it is known
//                    a count is outside [0, 2^31 - 1]: it is negative
//                    a height or width is outside [1, 65536]
//                    the two counts differ
//   DataLoss         a file ends too early or too late, or cannot be unpacked
absl::StatusOr<RawImages> ReadIdx(const std::string& images_path, const std::string& labels_path,
                                  int64_t count, int64_t first = 0);
// clang-format on

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_IDX_H_
