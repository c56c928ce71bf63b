// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/replay_report.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// A choice with this LDS in every test, known for sure.
ReplayedChoice Choice(double damping, double lds, double flops, bool interpolated = false) {
  Cost cost;
  cost.flops = flops;
  cost.cpu_seconds = flops / 10;
  return {TunedPoint{{damping, RELATIVE_TO_TRACE}, "", {}}, cost,
          LdsAtDamping{lds, {{0, 0, 0}, {0, 0}}, interpolated}};
}
ReplayedChoice Failed(const std::string& message) {
  return {absl::UnimplementedError(message), Cost(), absl::UnimplementedError(message)};
}

std::vector<ReplayedRow> OneTuner() {
  return {{"mnist", "fisher", Choice(.1, .5, 1000), {Choice(.01, .4, 1)}},
          {"mnist", "kfac", Choice(.1, .4, 1000), {Choice(.2, .42, 50, true)}},
          {"mnist", "trak", Choice(.1, .2, 1000), {Failed("it reads one checkpoint")}},
          {"mnist", "zero", Choice(.1, -.2, 1000), {Choice(1, .1, 0)}}};
}

TEST(ReplayTablesTest, OneTunerInFull) {
  EXPECT_EQ(ReplayTables("grid_search_50", {"held_out"}, OneTuner()),
            R"(mnist
                   LDS of  LDS of                     95%  FLOPs,   CPU,
held_out  damping  choice  search   share        interval   share  share
fisher       0.01   0.400   0.500   0.800  0.800 to 0.800   0.10%  0.10%
kfac          0.2  ~0.420   0.400  ~1.050  1.050 to 1.050   5.00%  5.00%
trak          (1)       -   0.200       -               -       -      -
zero            1   0.100  -0.200       -               -   0.00%  0.00%

                          with a  median  worst          median  median
shares of grid_search_50   share   share  share      of   FLOPs     CPU
held_out                  2 of 4   0.925  0.800  fisher   0.10%   0.10%

Dampings are in the unit of each method's grid.
~: the damping lies between two points of the grid; the LDS of each test and the effect of each
subset are interpolated linearly in log damping.
(1) it reads one checkpoint
)");
}

// Three tuners fit in a table of 100 columns.
TEST(ReplayTablesTest, SeveralTunersAndSettings) {
  std::vector<ReplayedRow> rows;
  for (const std::string setting : {"mnist", "cifar"}) {
    for (const std::string method : {"fisher_projected_10", "influence_arnoldi"}) {
      rows.push_back({setting,
                      method,
                      Choice(.1, .5, 1000),
                      {Choice(3.16e-6, .4, 1, true), Failed("no model"), Choice(1, .25, 10),
                       Failed("no model")}});
    }
  }
  const std::string text = ReplayTables(
      "grid_search_50", {"surrogate_indicator", "held_out", "one_retraining", "mine"}, rows);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    EXPECT_LE(line.size(), 100u) << line;
  }
  EXPECT_TRUE(absl::StrContains(text, R"(
cifar
                         surrogate_indicator                 held_out           one_retraining
method                damping  share   FLOPs   damping  share   FLOPs   damping  share   FLOPs
fisher_projected_10  3.16e-06 ~0.800   0.10%       (1)      -       -         1  0.500   1.00%
)")) << text;
  EXPECT_TRUE(absl::StrContains(text, R"(
one_retraining, mnist       2 of 2   0.500  0.500  fisher_projected_10   1.00%   1.00%
one_retraining, cifar       2 of 2   0.500  0.500  fisher_projected_10   1.00%   1.00%
one_retraining, all         4 of 4   0.500  0.500  fisher_projected_10   1.00%   1.00%
mine, mnist                 0 of 2       -      -                    -       -       -
)")) << text;
  EXPECT_TRUE(absl::EndsWith(text, "\n(1) no model\n")) << "one note for one sentence: " << text;
}

TEST(ReplayCsvTest, HasAllDigits) {
  const std::vector<std::string> lines = absl::StrSplit(ReplayCsv({"held_out"}, OneTuner()), '\n');
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[1],
            "mnist,fisher,held_out,OK,0.01,RELATIVE_TO_TRACE,0.40000000000000002,0.5,"
            "0.80000000000000004,0.80000000000000004,0.80000000000000004,0.001,0.001,0,1,"
            "0.10000000000000001,\"\"");
  EXPECT_EQ(lines[3],
            "mnist,trak,held_out,UNIMPLEMENTED,,,,0.20000000000000001,,,,,,0,0,0,\"it reads one "
            "checkpoint\"");
}

}  // namespace
}  // namespace attribench
