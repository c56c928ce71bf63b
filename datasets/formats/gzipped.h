// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_GZIPPED_H_
#define ATTRIBENCH_DATASETS_FORMATS_GZIPPED_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attribench {

// `content` as one gzip member, without a name or a time: with one version of zlib, the same
// content always gives the same bytes. At the highest level. UnpackedFile reads it.
// ResourceExhausted without memory for it.
absl::StatusOr<std::string> Gzipped(absl::string_view content);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_GZIPPED_H_
