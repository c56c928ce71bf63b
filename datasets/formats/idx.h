// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_IDX_H_
#define ATTRIBENCH_DATASETS_FORMATS_IDX_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "datasets/formats/raw_images.h"

namespace attribench {

// The first `first_n` examples of a pair of IDX files, the format of MNIST: images (magic number
// 0x00000803; count, height and width; then one byte a pixel) and labels (0x00000801; count; then
// one byte a label), all numbers of four bytes, high byte first. Each file may be plain or gzipped.
//
// Nothing beyond the first `first_n` examples is read, unless these are all: then each file has to
// end where its header says, and a gzipped one has to match its checksum. Memory grows with the
// bytes found, never with a number in a header alone.
//
// Every error names the file, the value at fault and what is allowed:
//   NotFound         a file does not exist (other failures to open: the code of the system's
//   error); InvalidArgument  first_n < 1, a wrong magic number, a side outside [1, 65536], two
//   counts that
//                    differ, fewer than first_n examples;
//   DataLoss         a file that ends too early or too late or that cannot be unpacked.
absl::StatusOr<RawImages> ReadIdx(const std::string& images_path, const std::string& labels_path,
                                  int64_t first_n);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_IDX_H_
