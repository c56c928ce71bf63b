// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/sensitivity_points.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;

RegisteredMethod Method() {
  RegisteredMethod method;
  method.name = "made_up";
  const auto add = [&](const std::string& name, Hyperparameter::Kind kind,
                       const std::vector<std::string>& grid, const std::string& value) {
    Hyperparameter& hyperparameter = *method.space.add_hyperparameters();
    hyperparameter.set_name(name);
    hyperparameter.set_kind(kind);
    hyperparameter.set_default_value(value);
    for (const std::string& one : grid) hyperparameter.add_grid(one);
  };
  add("damping", Hyperparameter::DAMPING, {"0.1", "1"}, "0.1");
  add("rank", Hyperparameter::INTEGER, {"8", "16", "32"}, "16");
  add("normalise", Hyperparameter::CHOICE, {"no", "yes"}, "no");
  return method;
}

TEST(SensitivityPointsTest, ChangesOneHyperparameterAtATime) {
  const RegisteredMethod method = Method();
  const auto points = PlanSensitivity(method);
  ASSERT_TRUE(points.ok()) << points.status();
  std::vector<std::string> changes;
  for (const PlannedPoint& point : *points) {
    changes.push_back(point.hyperparameter + " " + point.value);
    EXPECT_EQ(point.variant.name, "made_up");
    const auto& values = point.variant.hyperparameters.values();
    for (const auto& [name, value] : (*points)[0].variant.hyperparameters.values()) {
      EXPECT_EQ(values.at(name), name == point.hyperparameter ? point.value : value);
    }
  }
  EXPECT_THAT(changes, ElementsAre(" ", "rank 8", "rank 32", "normalise yes"));
}

MethodResult Result() {
  MethodResult result;
  Entry& entry = *result.add_entries();
  entry.set_tuner("default");
  MetricValue& lds = *entry.add_metrics();
  lds.set_name("lds");
  lds.mutable_estimate()->set_value(.4);
  lds.add_per_unit(.3);
  lds.add_per_subset(.1);
  entry.add_criterion()->set_value(2);
  result.add_grid()->set_damping(.5);
  result.mutable_provenance()->set_program_version("v1");
  (*result.mutable_provenance()->mutable_hyperparameters())["rank"] = "8";
  return result;
}

TEST(SensitivityPointsTest, KeepsValuesAndNotWhatTheyAreMeansOf) {
  const RegisteredMethod method = Method();
  const SensitivityPoint point = ToSensitivityPoint((*PlanSensitivity(method))[1], Result());
  EXPECT_EQ(point.hyperparameter(), "rank");
  EXPECT_EQ(point.value(), "8");
  ASSERT_EQ(point.entries_size(), 1);
  EXPECT_EQ(point.entries(0).metrics(0).estimate().value(), .4);
  EXPECT_EQ(point.entries(0).metrics(0).per_unit_size(), 0);
  EXPECT_EQ(point.entries(0).metrics(0).per_subset_size(), 0);
  EXPECT_EQ(point.entries(0).criterion_size(), 0);
  EXPECT_EQ(point.curve(0).damping(), .5);
}

TEST(SensitivityPointsTest, APointStandsOnlyForTheSameRun) {
  const RegisteredMethod method = Method();
  const std::vector<PlannedPoint> points = *PlanSensitivity(method);
  const SensitivityPoint now = ToSensitivityPoint(points[1], Result());
  MethodSensitivity recorded;
  *recorded.add_points() = ToSensitivityPoint(points[0], Result());
  EXPECT_EQ(FindPoint(recorded, now), nullptr) << "another change";
  *recorded.add_points() = now;
  recorded.mutable_points(1)->mutable_provenance()->set_date("2026-01-01");
  EXPECT_EQ(FindPoint(recorded, now), &recorded.points(1));
  recorded.mutable_points(1)->mutable_provenance()->set_program_version("v2");
  EXPECT_EQ(FindPoint(recorded, now), nullptr) << "another program";
  *recorded.mutable_points(1) = now;
  recorded.mutable_points(1)->mutable_entries(0)->set_tuner("other");
  EXPECT_EQ(FindPoint(recorded, now), nullptr) << "another tuner";
  MethodResult unknown = Result();
  unknown.mutable_provenance()->clear_program_version();
  *recorded.add_points() = ToSensitivityPoint(points[1], unknown);
  EXPECT_EQ(FindPoint(recorded, ToSensitivityPoint(points[1], unknown)), nullptr)
      << "a program that does not know its version";
}

}  // namespace
}  // namespace attribench
