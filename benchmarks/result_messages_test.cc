// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/result_messages.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;

class ErrorRate : public Metric {
 public:
  explicit ErrorRate(std::optional<Estimate> ceiling) : ceiling_(ceiling) {}

  std::string name() const override { return "error_rate"; }
  std::string unit() const override { return "training example"; }
  Direction direction() const override { return Direction::kLowerIsBetter; }
  std::optional<Estimate> Ceiling() const override { return ceiling_; }
  absl::StatusOr<Measurement> Measure(const MeasuredScores&) const override {
    return absl::UnimplementedError("not measured here");
  }

 private:
  std::optional<Estimate> ceiling_;
};

TEST(ResultMessagesTest, MetricFacts) {
  const MetricFacts facts = ToMessage(ErrorRate(Estimate{.2, .1, .4}));
  EXPECT_EQ(facts.name(), "error_rate");
  EXPECT_EQ(facts.unit(), "training example");
  EXPECT_EQ(facts.direction(), LOWER_IS_BETTER);
  EXPECT_EQ(facts.ceiling().value(), .2);
  EXPECT_EQ(facts.ceiling().low(), .1);
  EXPECT_EQ(facts.ceiling().high(), .4);
  EXPECT_FALSE(ToMessage(ErrorRate(std::nullopt)).has_ceiling());
}

TEST(ResultMessagesTest, Measurement) {
  const MetricValue value = ToMessage(ErrorRate(std::nullopt), {{.5, .4, .6}, {.25, .75}});
  EXPECT_EQ(value.name(), "error_rate");
  EXPECT_EQ(value.estimate().value(), .5);
  EXPECT_EQ(value.estimate().low(), .4);
  EXPECT_EQ(value.estimate().high(), .6);
  EXPECT_THAT(value.per_unit(), ElementsAre(.25, .75));
}

TEST(ResultMessagesTest, Cost) {
  Cost cost;
  cost.retrainings = 1;
  cost.gradient_evaluations = 2;
  cost.hessian_vector_products = 3;
  cost.flops = 4;
  cost.cpu_seconds = 5;
  const CostRecord record = ToMessage(cost);
  EXPECT_EQ(record.retrainings(), 1);
  EXPECT_EQ(record.gradient_evaluations(), 2);
  EXPECT_EQ(record.hessian_vector_products(), 3);
  EXPECT_EQ(record.flops(), 4);
  EXPECT_EQ(record.cpu_seconds(), 5);
}

TEST(ResultMessagesTest, TunersAndTheirCriterion) {
  EXPECT_EQ(ToMessage(TunerKind::kFixedValue), FIXED_VALUE);
  EXPECT_EQ(ToMessage(TunerKind::kSearch), SEARCH);
  EXPECT_EQ(ToMessage(TunerKind::kSelector), SELECTOR);
  const CriterionRecord record = ToMessage(CriterionPoint{{.5, RELATIVE_TO_MEAN_EIGENVALUE}, .25});
  EXPECT_EQ(record.damping(), .5);
  EXPECT_EQ(record.damping_unit(), "RELATIVE_TO_MEAN_EIGENVALUE");
  EXPECT_EQ(record.value(), .25);
}

}  // namespace
}  // namespace attribench
