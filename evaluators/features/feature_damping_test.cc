// SPDX-License-Identifier: Apache-2.0
#include "evaluators/features/feature_damping.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/formats/safetensors.h"
#include "evaluators/tuners/surrogate_indicator.h"
#include "gtest/gtest.h"
#include "methods/curvature/held_out_criterion.h"

namespace attribench {
namespace {

constexpr int64_t kTrain = 400, kTest = 9;

std::vector<Damping> Grid() {
  std::vector<Damping> grid;
  for (int i = -6; i <= 6; ++i)
    grid.push_back({std::pow(10., i / 2.), RELATIVE_TO_MEAN_EIGENVALUE});
  return grid;
}

// Normal features whose columns fall off, so that the spectrum is not flat; one row is 0.
at::Tensor Features(int64_t rows, int64_t columns, uint64_t seed) {
  at::manual_seed(seed);
  at::Tensor features = at::randn({rows, columns}, at::kFloat);
  features.mul_(at::arange(1, columns + 1, at::kFloat).pow(-.7));
  features[rows / 2].zero_();
  return features.mul_(at::rand({rows, 1}).add_(.1));
}

FeatureFiles Written(const std::string& name, const std::map<std::string, at::Tensor>& tensors) {
  const std::string path = testing::TempDir() + "/" + name + ".safetensors";
  EXPECT_TRUE(WriteSafetensors(path, {tensors, {}}).ok());
  return *FeatureFiles::Open({path});
}

// The criterion of the methods' own features, which has tests against dense algebra.
std::vector<double> Expected(const std::vector<FeatureGroup>& groups) {
  at::Tensor sum;
  CostLedger nobody;
  for (uint64_t draw = 0; draw < kHeldOutDraws; ++draw) {
    const HeldOutSplit split =
        *DrawHeldOutSplit(kTrain, kHeldOutFraction, NumHeldOut(kTrain, kHeldOutFraction), draw);
    const auto predictions = PredictHeldOut(groups, split, Grid(), nobody);
    EXPECT_TRUE(predictions.ok()) << predictions.status();
    const at::Tensor criterion = HeldOutCriterion({*predictions}, 1).mean(1);
    sum = sum.defined() ? sum.add(criterion) : criterion;
  }
  sum = sum.div(kHeldOutDraws).contiguous();
  return {sum.data_ptr<double>(), sum.data_ptr<double>() + sum.numel()};
}

void ExpectCurve(const FeatureDamping& damping, const std::vector<double>& expected) {
  ASSERT_EQ(damping.point.criterion.size(), expected.size());
  double most = 0;
  for (const double value : expected) most = std::max(most, std::abs(value));
  for (size_t i = 0; i < expected.size(); ++i) {
    // Both sum products of float32 features; the small dampings divide by lambda.
    EXPECT_NEAR(damping.point.criterion[i].value, expected[i],
                2e-5 * most + 2e-4 * std::abs(expected[i]))
        << i;
  }
}

// 400 / 8 = 50 fitted rows: fewer columns take the primal form, more the dual one.
TEST(HeldOutDampingTest, IsTheCriterionOfMethods) {
  for (const int64_t columns : {20, 300}) {
    const at::Tensor train = Features(kTrain, columns, 1), test = Features(kTest, columns, 2);
    const FeatureFiles train_files = Written("train", {{"phi", train}}),
                       test_files = Written("test", {{"phi", test}});
    FeatureOptions options;
    const auto damping = HeldOutDamping(train_files, test_files, Grid(), options);
    ASSERT_TRUE(damping.ok()) << damping.status();
    ExpectCurve(*damping, Expected({FeatureGroup::Of(train, test)}));
    ASSERT_EQ(damping->blocks.size(), 1u);
    EXPECT_EQ(damping->blocks[0].dimension, columns);
    EXPECT_NEAR(damping->blocks[0].mean_eigenvalue,
                train.to(at::kDouble).square().sum().item<double>() / kTrain / columns,
                1e-12 * damping->blocks[0].mean_eigenvalue);
    // In small parts, the same.
    options.working_bytes = 4096;
    const auto in_parts = HeldOutDamping(train_files, test_files, Grid(), options);
    ASSERT_TRUE(in_parts.ok()) << in_parts.status();
    ExpectCurve(*in_parts, Expected({FeatureGroup::Of(train, test)}));
    EXPECT_EQ(in_parts->point.damping, damping->point.damping);
  }
}

TEST(HeldOutDampingTest, GroupsAreOneMatrixOrBlocks) {
  const at::Tensor train = Features(kTrain, 100, 3), test = Features(kTest, 100, 4);
  const auto part = [](const at::Tensor& all, int64_t begin, int64_t end) {
    return all.slice(1, begin, end).contiguous();
  };
  const FeatureFiles train_files =
      Written("train", {{"a", part(train, 0, 30)}, {"b", part(train, 30, 100)}});
  const FeatureFiles test_files =
      Written("test", {{"a", part(test, 0, 30)}, {"b", part(test, 30, 100)}});
  FeatureOptions options;
  const auto one = HeldOutDamping(train_files, test_files, Grid(), options);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->blocks.size(), 1u);
  ExpectCurve(*one, Expected({FeatureGroup::Of(train, test)}));
  options.blocks = true;
  const auto blocks = HeldOutDamping(train_files, test_files, Grid(), options);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  ASSERT_EQ(blocks->blocks.size(), 2u);
  EXPECT_EQ(blocks->blocks[1].name, "b");
  EXPECT_EQ(blocks->blocks[1].dimension, 70);
  ExpectCurve(*blocks, Expected({FeatureGroup::Of(part(train, 0, 30), part(test, 0, 30)),
                                 FeatureGroup::Of(part(train, 30, 100), part(test, 30, 100))}));
}

// Gradients of other libraries may be tiny or huge; the choice does not depend on their scale.
TEST(HeldOutDampingTest, TheScaleDoesNotMatter) {
  const at::Tensor train = Features(kTrain, 80, 5), test = Features(kTest, 80, 6);
  const auto choice = [&](double scale) {
    return *HeldOutDamping(Written("train", {{"x", train.to(at::kDouble).mul(scale)}}),
                           Written("test", {{"x", test.to(at::kDouble).mul(scale)}}), Grid(), {});
  };
  const FeatureDamping usual = choice(1);
  for (const double scale : {1e-60, 1e60}) {
    const FeatureDamping scaled = choice(scale);
    EXPECT_EQ(scaled.point.damping, usual.point.damping);
    EXPECT_NEAR(scaled.blocks[0].mean_eigenvalue / scale / scale, usual.blocks[0].mean_eigenvalue,
                1e-9 * usual.blocks[0].mean_eigenvalue);
  }
}

// Dense algebra in float64: t_k = q'(F + lambda I)^-k F q.
TEST(SurrogateDampingTest, IsTheIndicatorOfTheWholeSpectrum) {
  for (const int64_t columns : {30, 500}) {
    const at::Tensor train = Features(kTrain, columns, 7), test = Features(kTest, columns, 8);
    const at::Tensor g = train.to(at::kDouble), q = test.to(at::kDouble).t();
    const at::Tensor f = at::matmul(g.t(), g).div(kTrain);
    const double mean = f.trace().item<double>() / columns;
    const auto damping = SurrogateDamping(Written("train", {{"x", train}}),
                                          Written("test", {{"x", test}}), Grid(), {});
    ASSERT_TRUE(damping.ok()) << damping.status();
    std::vector<double> expected;
    for (const Damping& at : Grid()) {
      const at::Tensor inverse =
          at::linalg_inv(f.add(at::eye(columns, at::kDouble), at.value * mean));
      SpectralMoments moments;
      at::Tensor power = at::matmul(f, q);
      for (at::Tensor* t : {&moments.t1, &moments.t2, &moments.t3}) {
        power = at::matmul(inverse, power);
        *t = q.mul(power).sum(0, /*keepdim=*/true);
      }
      expected.push_back(SurrogateIndicator(moments).mean().item<double>());
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(damping->point.criterion[i].value, expected[i], 2e-4) << columns << " " << i;
    }
    EXPECT_NEAR(damping->point.damping.value, FindCrossing(Grid(), expected, .5)->damping.value,
                2e-3 * damping->point.damping.value);
  }
}

TEST(FeatureDampingTest, SaysWhatIsWrong) {
  const FeatureFiles good = Written("good", {{"x", Features(20, 5, 9)}}),
                     few = Written("few", {{"x", Features(7, 5, 9)}}),
                     wide = Written("wide", {{"x", Features(20, 6, 9)}}),
                     zero = Written("zero", {{"x", at::zeros({20, 5})}}),
                     two = Written("two", {{"x", Features(20, 5, 1)}, {"y", Features(20, 5, 1)}});
  EXPECT_EQ(HeldOutDamping(few, good, Grid(), {}).status().message(),
            "there are 7 training rows, must be 8 or more");
  EXPECT_EQ(HeldOutDamping(good, wide, Grid(), {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HeldOutDamping(zero, good, Grid(), {}).status().message(),
            "all training rows of x are 0");
  FeatureOptions blocks;
  blocks.blocks = true;
  EXPECT_EQ(SurrogateDamping(two, two, Grid(), blocks).status().message(),
            "the surrogate indicator is for one matrix, not for 2 blocks");
}

}  // namespace
}  // namespace attribench
