// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/removal_report.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

RemovalPoint Point(const std::vector<std::string>& tuners, const std::string& damping, double lds,
                   const std::vector<double>& falls) {
  RemovalPoint point;
  point.mutable_tuners()->Add(tuners.begin(), tuners.end());
  point.set_damping(damping);
  point.set_lds(lds);
  double sum = 0;
  for (const double fall : falls) {
    point.add_fall_per_test(fall);
    point.add_smallest_flip(fall > 2 ? .05 : 0);
    sum += fall;
  }
  point.mutable_fall()->set_value(sum / static_cast<double>(falls.size()));
  point.mutable_fall()->set_low(.5);
  point.mutable_fall()->set_high(9);
  return point;
}

TEST(RemovalTableTest, ComparesTunersWithTheConstantWhereTheyDiffer) {
  MethodRemoval a, b, c;
  a.set_method("a");
  *a.add_points() = Point({"mean_eigenvalue"}, "0.1", .25, {1, 2, 3, 2});
  *a.add_points() = Point({"held_out", "grid_search_50"}, "0.01", .5, {2, 3, 4, 3});
  b.set_method("b");
  *b.add_points() = Point({"mean_eigenvalue", "held_out"}, "1", .125, {1, 1, 1, 1});
  *b.add_points() = Point({"grid_search_50"}, "10", .75, {4, 4, 4, 4});
  c.set_method("c");
  *c.add_points() = Point({"default"}, "", .5, {1, 1, 1, 1});
  RemovalPoint& failed = *c.add_points();
  failed.add_tuners("held_out");
  failed.set_status(SINGULAR);
  failed.set_message("no inverse");
  EXPECT_EQ(RemovalTable({a, b, c}),
            "                                                   fall of the margin\n"
            "method  tuners                     damping    LDS       beyond random  flipped\n"
            "a       mean_eigenvalue                0.1  0.250   2.00 [0.50, 9.00]   1 of 4\n"
            "a       held_out, grid_search_50      0.01  0.500   3.00 [0.50, 9.00]   3 of 4\n"
            "b       mean_eigenvalue, held_out        1  0.125   1.00 [0.50, 9.00]   0 of 4\n"
            "b       grid_search_50                  10  0.750   4.00 [0.50, 9.00]   4 of 4\n"
            "c       default                          -  0.500   1.00 [0.50, 9.00]   0 of 4\n"
            "c       held_out                         -      -                   -        -\n"
            "  SINGULAR: no inverse\n"
            "\n"
            "grid_search_50 against mean_eigenvalue, 2 methods: +2.000 [+2.000, +2.000]\n"
            "held_out against mean_eigenvalue, 1 methods: +1.000 [+1.000, +1.000]\n");
}

}  // namespace
}  // namespace attribench
