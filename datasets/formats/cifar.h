// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_CIFAR_H_
#define ATTRIBENCH_DATASETS_FORMATS_CIFAR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/formats/raw_images.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// clang-format off
// Reads `count` examples of files in the binary format of CIFAR-10 or CIFAR-100, one file after the
// other, from number `first` on (the first of the first file is number 0). A record has one label byte
// (CIFAR-10: 0 to 9) or two (CIFAR-100: the coarse label, 0 to 19, and the fine one, 0 to 99), then
// 32 x 32 bytes of red, of green and of blue.
//
// If `classes` is not empty, only examples with these labels count and are numbered, and their new
// label is the position of the old one in `classes`. The function reads no further than it needs.
//
// Every error names the file, or all files if it concerns them all:
//
//   NotFound         a file does not exist (other failures to open: the code of the system error)
//   InvalidArgument  count is below 1, first below 0, or first + count above the number of examples
//                    a class is not a label of the format or is listed twice
//   DataLoss         the size of a file is not a multiple of a record, or a label is too large
absl::StatusOr<RawImages> ReadCifar(const std::vector<std::string>& paths, CifarFormat format,
                                    const std::vector<int64_t>& classes, int64_t count,
                                    int64_t first = 0);
// clang-format on

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_CIFAR_H_
