// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/parallel_for.h"

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "ATen/Parallel.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

class ParallelForTest : public testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(3); }
};

TEST_F(ParallelForTest, VisitsEveryNumberOnce) {
  for (const int64_t end : {5, 6, 7, 100}) {
    for (const int64_t grain : {1, 2, 40, 1000}) {
      std::vector<std::atomic<int>> visits(end);
      ParallelFor(5, end, grain, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) ++visits[i];
      });
      for (int64_t i = 0; i < end; ++i) EXPECT_EQ(visits[i], i < 5 ? 0 : 1) << i << " of " << end;
    }
  }
}

TEST_F(ParallelForTest, UsesAllThreadsOutsideAndOneInside) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  ParallelFor(0, 300, 1, [&](int64_t, int64_t) {
    const std::thread::id outer = std::this_thread::get_id();
    ParallelFor(0, 300, 1, [&](int64_t first, int64_t last) {
      EXPECT_EQ(std::this_thread::get_id(), outer);
      EXPECT_EQ(last - first, 300);
    });
    const std::lock_guard<std::mutex> lock(mutex);
    threads.insert(outer);
  });
  EXPECT_EQ(threads.size(), 3);
}

TEST_F(ParallelForTest, ExceptionsPropagate) {
  EXPECT_THROW(ParallelFor(0, 300, 1,
                           [](int64_t first, int64_t) {
                             if (first > 0) throw std::runtime_error("thrown by another thread");
                           }),
               std::runtime_error);
}

}  // namespace
}  // namespace attribench
