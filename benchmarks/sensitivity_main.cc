// SPDX-License-Identifier: Apache-2.0
//
// Records how each method's score depends on each of its hyperparameters, with the others at their
// defaults. A run that is started again goes on where it stopped. Each point runs in a process of
// its own.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/child_process.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/method_flags.h"
#include "benchmarks/run_method.h"
#include "benchmarks/sensitivity_points.h"
#include "datasets/progress_bar.h"
#include "datasets/text_proto.h"
#include "datasets/working_directory.h"
#include "evaluators/tuners/tuner.h"
#include "methods/registry.h"

ABSL_FLAG(std::vector<std::string>, methods, {"all"}, "comma-separated names of methods, or all");
ABSL_FLAG(std::string, output, "out/sensitivity",
          "folder; a method's points are written to <output>/<setting>/<method>.textproto");

namespace attribench {
namespace {

// The damping's constant default, what a selector makes of it, and the best that tuning can do.
constexpr const char* kTuners[] = {"default", "grid_search_50", "mean_eigenvalue"};

absl::StatusOr<std::vector<RegisteredTuner>> Tuners() {
  const absl::StatusOr<std::vector<RegisteredTuner>> linked = RegisteredTuners();
  if (!linked.ok()) return linked.status();
  std::vector<RegisteredTuner> tuners;
  for (const RegisteredTuner& tuner : *linked) {
    if (std::find(std::begin(kTuners), std::end(kTuners), tuner.name) != std::end(kTuners)) {
      tuners.push_back(tuner);
    }
  }
  return tuners;
}

absl::StatusOr<std::vector<const RegisteredMethod*>> ChosenMethods() {
  const auto& registered = RegisteredMethods();
  if (!registered.ok()) return registered.status();
  const std::vector<std::string> names = absl::GetFlag(FLAGS_methods);
  std::vector<const RegisteredMethod*> chosen;
  std::vector<std::string> known;
  for (const RegisteredMethod& method : *registered) known.push_back(method.name);
  for (const std::string& name : names) {
    if (name == "all") continue;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::NotFoundError(absl::StrCat("--methods: there is no method '", name,
                                              "'; known are ", absl::StrJoin(known, ", ")));
    }
  }
  for (const RegisteredMethod& method : *registered) {
    if (std::count(names.begin(), names.end(), method.name) > 0 ||
        std::count(names.begin(), names.end(), "all") > 0) {
      chosen.push_back(&method);
    }
  }
  if (chosen.empty()) return absl::InvalidArgumentError("--methods names no method");
  return chosen;
}

class Study {
 public:
  Study(const LoadedSetting& loaded, std::vector<RegisteredTuner> tuners, ChildLimits limits)
      : loaded_(loaded),
        tuners_(std::move(tuners)),
        limits_(limits),
        folder_(absl::StrCat(InWorkingDirectory(absl::GetFlag(FLAGS_output)), "/",
                             loaded.facts.name())) {}

  absl::Status Run(const std::vector<const RegisteredMethod*>& methods) {
    std::vector<std::vector<PlannedPoint>> plans;
    int64_t num_points = 0;
    for (const RegisteredMethod* method : methods) {
      absl::StatusOr<std::vector<PlannedPoint>> plan = PlanSensitivity(*method);
      if (!plan.ok()) return plan.status();
      num_points += static_cast<int64_t>(plan->size());
      plans.push_back(*std::move(plan));
    }
    ProgressBar bar(absl::StrCat("sensitivity in ", loaded_.facts.name()), num_points);
    for (const std::vector<PlannedPoint>& plan : plans) {
      if (const absl::Status status = RunMethodPoints(plan, bar); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  // The file is written anew after each point, so a kill loses one point at most.
  absl::Status RunMethodPoints(const std::vector<PlannedPoint>& plan, ProgressBar& bar) {
    const std::string path = absl::StrCat(folder_, "/", plan[0].variant.name, ".textproto");
    MethodSensitivity recorded, study;
    const absl::Status read = ReadTextProto(path, &recorded);
    if (!read.ok() && !absl::IsNotFound(read)) return read;
    for (const PlannedPoint& planned : plan) {
      const MethodResult none =
          FailedResult(loaded_, planned.variant, tuners_, ERROR, "not run yet");
      const SensitivityPoint* there = FindPoint(recorded, ToSensitivityPoint(planned, none));
      if (study.points().empty()) {
        *study.mutable_setting() = none.setting();
        study.set_method(none.method());
        study.set_damped(none.damped());
        *study.mutable_machine() = there == nullptr ? none.machine() : recorded.machine();
      }
      if (there != nullptr) {
        *study.add_points() = *there;
      } else {
        const absl::StatusOr<MethodResult> result = RunPoint(planned);
        if (!result.ok()) return result.status();
        *study.add_points() = ToSensitivityPoint(planned, *result);
        MethodSensitivity so_far = study;
        KeepOthers(recorded, plan, so_far);
        if (const absl::Status status = WriteTextProto(path, so_far); !status.ok()) return status;
      }
      bar.Advance();
    }
    return WriteTextProto(path, study);
  }

  // Points that are recorded and come later stay in the file until their turn.
  static void KeepOthers(const MethodSensitivity& recorded, const std::vector<PlannedPoint>& plan,
                         MethodSensitivity& so_far) {
    for (size_t i = so_far.points_size(); i < plan.size(); ++i) {
      for (const SensitivityPoint& point : recorded.points()) {
        if (point.hyperparameter() == plan[i].hyperparameter && point.value() == plan[i].value) {
          *so_far.add_points() = point;
        }
      }
    }
  }

  absl::StatusOr<MethodResult> RunPoint(const PlannedPoint& planned) {
    const std::string path = absl::StrCat(folder_, "/", planned.variant.name, ".point");
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    const absl::StatusOr<ChildEnd> end = RunInChild(limits_, [&] {
      const MethodResult result = RunMethod(loaded_, planned.variant, tuners_);
      return loaded_.fault->ok() ? WriteTextProto(path, result) : *loaded_.fault;
    });
    if (absl::IsAborted(end.status())) {
      return absl::UnavailableError(
          absl::StrCat("no result for ", planned.variant.name, " in ", path));
    }
    if (!end.ok()) return end.status();
    if (end->status != OK) {
      return FailedResult(loaded_, planned.variant, tuners_, end->status, end->message);
    }
    MethodResult result;
    const absl::Status read = ReadTextProto(path, &result);
    std::filesystem::remove(path, ignored);
    if (!read.ok()) return read;
    return result;
  }

  const LoadedSetting& loaded_;
  const std::vector<RegisteredTuner> tuners_;
  const ChildLimits limits_;
  const std::string folder_;
};

absl::Status Run() {
  if (absl::GetFlag(FLAGS_output).empty()) {
    return absl::InvalidArgumentError("--output is empty: it must name a folder");
  }
  const absl::StatusOr<std::vector<RegisteredTuner>> tuners = Tuners();
  if (!tuners.ok()) return tuners.status();
  const absl::StatusOr<std::vector<const RegisteredMethod*>> methods = ChosenMethods();
  if (!methods.ok()) return methods.status();
  const absl::StatusOr<LoadedSetting> loaded = LoadSettingOfFlags();
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<ChildLimits> limits = LimitsOfFlags();
  if (!limits.ok()) return limits.status();
  return Study(*loaded, *tuners, *limits).Run(*methods);
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  return attribench::MainWithMethodFlags(
      argc, argv, "sensitivity",
      "Records how each method's score depends on each of its hyperparameters.", attribench::Run);
}
