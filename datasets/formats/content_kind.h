// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_CONTENT_KIND_H_
#define ATTRIBENCH_DATASETS_FORMATS_CONTENT_KIND_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace attribench {

// So many first bytes of a file are enough for ContentKind.
inline constexpr size_t kContentKindBytes = 512;

// Says what a file holds, from its first bytes, if it is one of those that people often have in the
// place of data: "a web page", "a Git LFS pointer (fetch the file itself: git lfs pull)",
// "gzip-compressed", "a ZIP archive", "IDX of 16-bit integers with 3 dimensions", ... Empty if it
// is none of these.
std::string ContentKind(absl::string_view first_bytes);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_CONTENT_KIND_H_
