// SPDX-License-Identifier: Apache-2.0
#include "datasets/whole_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(absl::StrCat(what, " ", path, ": ", std::strerror(errno)));
}

absl::Status WriteAndFlush(const std::string& path, absl::string_view content) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("cannot create", path);
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const absl::Status status = Failed("cannot write", path);
      close(fd);
      return status;
    }
    content.remove_prefix(written);
  }
  const bool flushed = fsync(fd) == 0;
  if (close(fd) != 0 || !flushed) return Failed("cannot flush", path);
  return absl::OkStatus();
}

constexpr size_t kChunk = size_t{1} << 20;

// Gives the content of a file to `take`, piece by piece.
template <typename Take>
absl::Status ReadPieces(const std::string& path, const Take& take) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotBeRead(path, errno);
  std::string piece(kChunk, '\0');
  for (ssize_t got = 1; got > 0;) {
    do {
      got = read(fd, &piece[0], kChunk);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
      const absl::Status status = CannotBeRead(path, errno);
      close(fd);
      return status;
    }
    take(absl::string_view(piece.data(), got));
  }
  close(fd);
  return absl::OkStatus();
}

std::string Hexadecimal(const unsigned char* digest) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), SHA256_DIGEST_LENGTH));
}

}  // namespace

absl::Status WriteWholeFile(const std::string& path, absl::string_view content) {
  static std::atomic<int> counter{0};
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot create the folder ", folder.string(), ": ", error.message()));
  }
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".", counter++, ".partial");
  absl::Status status = WriteAndFlush(temporary, content);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0)
    status = Failed("cannot rename to", path);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd);
    close(fd);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::string content;
  const absl::Status status = ReadPieces(
      path, [&](absl::string_view piece) { content.append(piece.data(), piece.size()); });
  if (!status.ok()) return status;
  return content;
}

absl::Status CannotBeRead(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR)
    return absl::NotFoundError(absl::StrCat("no file ", path));
  if (error == EISDIR)
    return absl::InvalidArgumentError(absl::StrCat(path, " is a folder, must be a file"));
  return absl::Status(absl::ErrnoToStatusCode(error),
                      absl::StrCat(path, " cannot be read: ", std::strerror(error)));
}

std::string Sha256(absl::string_view content) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest);
  return Hexadecimal(digest);
}

absl::StatusOr<std::string> Sha256OfFile(const std::string& path) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  const absl::Status status = ReadPieces(path, [&](absl::string_view piece) {
    EVP_DigestUpdate(context.get(), piece.data(), piece.size());
  });
  if (!status.ok()) return status;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  EVP_DigestFinal_ex(context.get(), digest, nullptr);
  return Hexadecimal(digest);
}

}  // namespace attribench
