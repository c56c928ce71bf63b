// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/all_metrics.h"

#include <set>
#include <string>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(AllMetricsTest, NamesAreUniqueAndPlainAndLdsRanks) {
  const GroundTruth truth = {at::ones({4, 6}, at::kBool), at::rand({4, 2, 3}), at::rand({4, 2, 3})};
  const auto metrics = AllMetrics(truth, {{0, 1, 2, 3}, {0, 1, 2}});
  ASSERT_FALSE(metrics.empty());
  EXPECT_EQ(metrics[0]->name(), "lds");
  std::set<std::string> names;
  for (const auto& metric : metrics) {
    EXPECT_TRUE(names.insert(metric->name()).second) << metric->name();
    EXPECT_EQ(metric->name().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string::npos)
        << metric->name();
    EXPECT_FALSE(metric->unit().empty()) << metric->name();
  }
}

}  // namespace
}  // namespace attribench
