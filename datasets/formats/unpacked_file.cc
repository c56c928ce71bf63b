// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/unpacked_file.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "datasets/whole_file.h"

namespace attribench {

struct UnpackedFile::State {
  ~State() {
    if (gzipped) inflateEnd(&stream);
    if (file != nullptr) std::fclose(file);
  }

  // Reads from the file until there are `count` unused bytes or it ends.
  absl::Status Fill(size_t count) {
    if (stream.avail_in >= count) return absl::OkStatus();
    std::memmove(buffer.data(), stream.next_in, stream.avail_in);
    stream.next_in = buffer.data();
    stream.avail_in += static_cast<unsigned>(
        std::fread(buffer.data() + stream.avail_in, 1, buffer.size() - stream.avail_in, file));
    return std::ferror(file) != 0 ? CannotBeRead(path, errno) : absl::OkStatus();
  }

  // A gzip member starts here.
  bool AtMember() const {
    return stream.avail_in >= 2 && stream.next_in[0] == 0x1f && stream.next_in[1] == 0x8b;
  }

  absl::Status Corrupt(const char* reason) const {
    return absl::DataLossError(
        absl::StrCat(path, ": cannot be unpacked after byte ", position, ": ", reason));
  }

  absl::StatusOr<int64_t> Inflate(uint8_t* bytes, int64_t size) {
    constexpr int64_t kMost = int64_t{1} << 30;
    stream.next_out = bytes;
    stream.avail_out = static_cast<unsigned>(std::min(size, kMost));
    const auto wanted = stream.avail_out;
    while (stream.avail_out > 0) {
      if (const absl::Status status = Fill(2); !status.ok()) return status;
      if (between_members) {
        if (stream.avail_in == 0) break;
        if (!AtMember()) {
          return absl::DataLossError(
              absl::StrCat(path, ": goes on after the end of its gzip data: it must end there"));
        }
        inflateReset(&stream);
        between_members = false;
      }
      if (stream.avail_in == 0) return Corrupt("unexpected end of file");
      const unsigned before = stream.avail_out;
      const int result = inflate(&stream, Z_NO_FLUSH);
      position += before - stream.avail_out;
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return Corrupt(stream.msg == nullptr ? zError(result) : stream.msg);
      between_members = result == Z_STREAM_END;
    }
    return int64_t{wanted - stream.avail_out};
  }

  absl::StatusOr<int64_t> Copy(uint8_t* bytes, int64_t size) {
    if (const absl::Status status = Fill(1); !status.ok()) return status;
    const int64_t count = std::min<int64_t>(size, stream.avail_in);
    std::memcpy(bytes, stream.next_in, count);
    stream.next_in += count;
    stream.avail_in -= static_cast<unsigned>(count);
    return count;
  }

  std::string path;
  std::FILE* file = nullptr;
  std::array<unsigned char, 1 << 16> buffer;
  z_stream stream = {};  // its input is the unused part of `buffer`
  bool gzipped = false;
  bool between_members = false;
  int64_t position = 0;  // in the unpacked bytes
};

UnpackedFile::UnpackedFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
UnpackedFile::UnpackedFile(UnpackedFile&&) noexcept = default;
UnpackedFile::~UnpackedFile() = default;

absl::StatusOr<UnpackedFile> UnpackedFile::Open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->stream.next_in = state->buffer.data();
  state->file = std::fopen(path.c_str(), "rbe");
  if (state->file == nullptr) return CannotBeRead(path, errno);
  if (const absl::Status status = state->Fill(2); !status.ok()) return status;
  if (state->AtMember()) {
    constexpr int kGzipOnly = 15 + 16;  // 15: the largest window; 16: a gzip header
    if (inflateInit2(&state->stream, kGzipOnly) != Z_OK)
      return absl::ResourceExhaustedError(absl::StrCat(path, ": no memory to unpack it"));
    state->gzipped = true;
  }
  return UnpackedFile(std::move(state));
}

absl::StatusOr<int64_t> UnpackedFile::Read(uint8_t* bytes, int64_t size) {
  int64_t done = 0;
  while (done < size) {
    const absl::StatusOr<int64_t> got = state_->gzipped ? state_->Inflate(bytes + done, size - done)
                                                        : state_->Copy(bytes + done, size - done);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    done += *got;
  }
  return done;
}

}  // namespace attribench
