// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/work_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

std::string ThisProcess() {
  std::array<char, 256> host = {};
  gethostname(host.data(), host.size() - 1);
  return absl::StrCat("pid ", getpid(), " on ", host.data());
}

// The process that holds the lock, as it wrote it.
std::string Holder(int fd) {
  std::array<char, 300> text = {};
  const ssize_t size = pread(fd, text.data(), text.size() - 1, 0);
  return size > 0 ? std::string(text.data(), size) : "its file does not say which";
}

// True if `path` is still the file that `fd` has open: the last holder may have removed it.
bool IsFileAt(const std::string& path, int fd) {
  struct stat open_file, named_file;
  return fstat(fd, &open_file) == 0 && stat(path.c_str(), &named_file) == 0 &&
         open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
}

}  // namespace

absl::StatusOr<WorkLock> WorkLock::Take(const std::string& folder, Kind kind,
                                        const std::string& program) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = absl::StrCat(folder, "/work.lock");
  while (true) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
      return absl::Status(absl::ErrnoToStatusCode(errno),
                          absl::StrCat("cannot create ", path, ": ", std::strerror(errno)));
    }
    WorkLock lock(path, fd);
    if (flock(fd, (kind == Kind::kAlone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
      lock.fd_ = -1;
      if (errno == EWOULDBLOCK) {
        const std::string holder = Holder(fd);
        close(fd);
        return absl::AlreadyExistsError(
            absl::StrCat("another ", program, " (", holder, ") is at work in ", folder,
                         "; wait until it has ended, or take another folder"));
      }
      std::cerr << program << ": " << folder << " has no lock (" << std::strerror(errno)
                << "): start no second " << program << " there\n";
      close(fd);
      return lock;
    }
    if (!IsFileAt(path, fd)) {  // removed between open and flock
      continue;
    }
    const std::string text = ThisProcess();
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) < 0) {
      std::cerr << program << ": cannot write " << path << ": " << std::strerror(errno) << "\n";
    }
    return lock;
  }
}

WorkLock::WorkLock(WorkLock&& other) noexcept : path_(other.path_), fd_(other.fd_) {
  other.fd_ = -1;
}

WorkLock::~WorkLock() {
  if (fd_ < 0) return;
  if (flock(fd_, LOCK_EX | LOCK_NB) == 0 && IsFileAt(path_, fd_)) unlink(path_.c_str());
  close(fd_);
}

}  // namespace attribench
