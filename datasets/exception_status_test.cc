// SPDX-License-Identifier: Apache-2.0
#include "datasets/exception_status.h"

#include <new>
#include <stdexcept>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ExceptionStatusTest, TheMessageIsTheFirstLine) {
  const absl::Status status =
      StatusOfException(std::runtime_error("singular matrix\nframe #0: ..."), "the solve failed");
  EXPECT_EQ(status, absl::InternalError("the solve failed: singular matrix"));
}

TEST(ExceptionStatusTest, BadAllocIsOutOfMemory) {
  const absl::Status status = StatusOfException(std::bad_alloc(), "fit");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "fit: std::bad_alloc");
}

// 2^60 bytes, more than any machine has.
TEST(ExceptionStatusTest, AFailedAllocationOfLibTorchIsOutOfMemory) {
  try {
    at::empty({int64_t{1} << 60}, at::kByte);
    FAIL() << "LibTorch must not have this memory";
  } catch (const std::exception& exception) {
    EXPECT_EQ(StatusOfException(exception, "fit").code(), absl::StatusCode::kResourceExhausted)
        << exception.what();
  }
}

TEST(ExceptionStatusTest, OtherErrorsOfLibTorchAreInternal) {
  try {
    at::ones({2}).add(at::ones({3}));
    FAIL() << "the shapes do not match";
  } catch (const std::exception& exception) {
    const absl::Status status = StatusOfException(exception, "fit");
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
  }
}

}  // namespace
}  // namespace attribench
