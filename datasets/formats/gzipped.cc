// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/gzipped.h"

#include <zlib.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attribench {

absl::StatusOr<std::string> Gzipped(absl::string_view content) {
  constexpr int kGzip = 15 + 16;  // 15: the largest window; 16: a gzip header
  constexpr int kMemory = 9;      // the most that zlib takes
  constexpr size_t kPiece = 1 << 20;
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory to pack ", content.size(), " bytes"));
  }
  std::string packed;
  int result = Z_OK;
  while (result == Z_OK) {
    const size_t size = std::min(content.size(), kPiece), done = packed.size();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(size);
    packed.resize(done + kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(&packed[done]);
    stream.avail_out = kPiece;
    result = deflate(&stream, size == content.size() ? Z_FINISH : Z_NO_FLUSH);
    content.remove_prefix(size - stream.avail_in);
    packed.resize(packed.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

}  // namespace attribench
