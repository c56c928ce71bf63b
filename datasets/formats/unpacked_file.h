// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_UNPACKED_FILE_H_
#define ATTRIBENCH_DATASETS_FORMATS_UNPACKED_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace attribench {

// The content of a file from its start to its end. A gzipped file is unpacked on the way. It may
// consist of several gzip members, one after the other, and of nothing else.
class UnpackedFile {
 public:
  // Errors as in whole_file.h.
  static absl::StatusOr<UnpackedFile> Open(const std::string& path);
  UnpackedFile(UnpackedFile&&) noexcept;
  ~UnpackedFile();

  // Puts the next `size` bytes into `bytes` and returns their number: less than `size` at the end
  // of the content only. DataLoss says why a file cannot be unpacked: it is damaged, it ends too
  // early, or there is something else after its gzip data.
  absl::StatusOr<int64_t> Read(uint8_t* bytes, int64_t size);

 private:
  struct State;
  explicit UnpackedFile(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_UNPACKED_FILE_H_
