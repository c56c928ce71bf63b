// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_CIFAR_H_
#define ATTRIBENCH_DATASETS_FORMATS_CIFAR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/formats/raw_images.h"

namespace attribench {

// The first `first_n` examples of files in the binary format of CIFAR-10, read one after the other:
// records of 3,073 bytes, a label from 0 to 9, then 32 x 32 bytes each of red, green and blue. With
// `classes`, only examples with these labels count, and their places there become their labels.
//
// Files are read no further than needed. Every error names the file:
//   NotFound         a file does not exist (other failures to open: the code of the system's
//   error); InvalidArgument  first_n < 1, fewer examples than that, a class outside [0, 9] or given
//   twice; DataLoss         a file that ends within a record, a label above 9.
absl::StatusOr<RawImages> ReadCifar(const std::vector<std::string>& paths,
                                    const std::vector<int64_t>& classes, int64_t first_n);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_CIFAR_H_
