// SPDX-License-Identifier: Apache-2.0
//
// Removes the training examples that a method calls helpful for a test example, trains again, and
// measures how much the model gets worse there. The dampings are those that tuners chose in
// recorded results. Trainings are kept, so a run that is started again goes on where it stopped.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/child_process.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/method_flags.h"
#include "benchmarks/removal.pb.h"
#include "benchmarks/removal_report.h"
#include "benchmarks/result_files.h"
#include "benchmarks/result_messages.h"
#include "benchmarks/run_method.h"
#include "datasets/exception_status.h"
#include "datasets/formats/safetensors.h"
#include "datasets/num_threads.h"
#include "datasets/project_path.h"
#include "datasets/text_proto.h"
#include "datasets/working_directory.h"
#include "datasets/zoo/removal_trainings.h"
#include "datasets/zoo/trainer.h"
#include "evaluators/metrics/removal.h"
#include "evaluators/statistics/mean_over_tests.h"
#include "methods/fit_on_device.h"
#include "methods/registry.h"

ABSL_FLAG(std::vector<std::string>, methods, {"all"}, "comma-separated names of methods, or all");
ABSL_FLAG(std::vector<std::string>, tuners,
          std::vector<std::string>({"mean_eigenvalue", "default", "grid_search_50"}),
          "comma-separated names of tuners: their dampings are taken");
ABSL_FLAG(
    std::string, results, "",
    "folder with results, <results>/<setting>/<method>.textproto; default: the recorded ones");
ABSL_FLAG(int, tests, 20, "number of test examples");
ABSL_FLAG(std::string, output, "out/removal",
          "folder; a method's file is <output>/<setting>/<method>.textproto");
ABSL_FLAG(std::string, trainings, "out/trainings",
          "folder that keeps what was trained, in <trainings>/<setting>");
ABSL_FLAG(int, workers, 0, "trainings at the same time; default: one per core");

namespace attribench {
namespace {

absl::StatusOr<std::vector<MethodVariant>> ChosenMethods() {
  const std::vector<std::string> names = absl::GetFlag(FLAGS_methods);
  if (names == std::vector<std::string>{"all"}) return MethodVariants();
  std::vector<MethodVariant> chosen;
  for (const std::string& name : names) {
    absl::StatusOr<MethodVariant> variant = FindMethodVariant(name);
    if (!variant.ok()) return variant.status();
    chosen.push_back(*std::move(variant));
  }
  if (chosen.empty()) return absl::InvalidArgumentError("--methods names no method");
  return chosen;
}

// An absolute damping in the unit of the result's grid, as the recorded grid converts it.
Damping InUnitOfGrid(const MethodResult& result, double absolute) {
  Damping damping{absolute, ABSOLUTE};
  for (const GridPoint& point : result.grid()) {
    if (!(point.absolute_damping() > 0) || !(point.damping() > 0) ||
        !DampingUnit_Parse(point.damping_unit(), &damping.unit)) {
      continue;
    }
    damping.value = absolute * (point.damping() / point.absolute_damping());
    // A point of the grid, but for rounding.
    if (std::abs(absolute - point.absolute_damping()) <= 1e-9 * absolute) {
      damping.value = point.damping();
      break;
    }
  }
  return damping;
}

struct PlannedPoint {
  Damping damping;
  RemovalPoint point;  // tuners, damping and LDS
};

// The dampings that the asked tuners chose, each once, and the failures of those that chose none.
absl::StatusOr<std::vector<PlannedPoint>> PlanPoints(const MethodResult& result,
                                                     const std::string& path) {
  std::vector<PlannedPoint> plan;
  for (const std::string& tuner : absl::GetFlag(FLAGS_tuners)) {
    const auto entry =
        std::find_if(result.entries().begin(), result.entries().end(),
                     [&](const Entry& candidate) { return candidate.tuner() == tuner; });
    if (entry == result.entries().end()) continue;
    if (entry->status() != OK || entry->metrics().empty()) {
      const EntryStatus status = entry->status() == OK ? ERROR : entry->status();
      auto failed = std::find_if(plan.begin(), plan.end(), [&](const PlannedPoint& other) {
        return other.point.status() == status && other.point.message() == entry->message();
      });
      if (failed == plan.end()) {
        failed = plan.insert(plan.end(), PlannedPoint());
        failed->point.set_status(status);
        failed->point.set_message(entry->message());
      }
      failed->point.add_tuners(tuner);
      continue;
    }
    Damping damping;
    if (result.damped()) damping = InUnitOfGrid(result, entry->absolute_damping());
    auto planned = std::find_if(plan.begin(), plan.end(), [&](const PlannedPoint& other) {
      return other.point.status() == OK && other.damping == damping;
    });
    if (planned == plan.end()) {
      planned = plan.insert(plan.end(), PlannedPoint{damping, {}});
      if (result.damped()) planned->point.set_damping(ToString(damping));
      planned->point.set_lds(entry->metrics(0).estimate().value());
    }
    planned->point.add_tuners(tuner);
  }
  if (!plan.empty()) return plan;
  return absl::NotFoundError(absl::StrCat(path, " has none of the tuners ",
                                          absl::StrJoin(absl::GetFlag(FLAGS_tuners), ", "),
                                          "; name other tuners with --tuners"));
}

class Study {
 public:
  Study(const LoadedSetting& loaded, ChildLimits limits, int num_workers)
      : loaded_(loaded),
        limits_(limits),
        folder_(absl::StrCat(InWorkingDirectory(absl::GetFlag(FLAGS_output)), "/",
                             loaded.facts.name())),
        trainings_(loaded.setting, loaded.data,
                   absl::StrCat(InWorkingDirectory(absl::GetFlag(FLAGS_trainings)), "/",
                                loaded.facts.name()),
                   num_workers) {}

  // Finds the test examples, and trains without random examples.
  absl::Status Prepare() {
    const absl::StatusOr<OutputsWithout> whole = trainings_.Without({{}}, kNumRemovalSeeds);
    if (!whole.ok()) return whole.status();
    tests_ = RemovalTests(whole->correct[0], loaded_.blocks.reporting, absl::GetFlag(FLAGS_tests));
    if (tests_.empty()) {
      return absl::FailedPreconditionError(
          "no test example of the reporting block is right with every seed");
    }
    const int64_t n = loaded_.data.train.size();
    std::vector<std::vector<int64_t>> removed;
    for (const double share : kRemovedShares) {
      for (int64_t draw = 0; draw < kNumRandomRemovals; ++draw) {
        removed.push_back(RandomRemoval(n, NumRemoved(share, n), draw));
      }
    }
    const absl::StatusOr<OutputsWithout> random = trainings_.Without(removed, kNumRemovalSeeds);
    if (!random.ok()) return random.status();
    random_ =
        random->margin.view({-1, kNumRandomRemovals, kNumRemovalSeeds, random->margin.size(2)})
            .index_select(3, at::tensor(tests_, at::kLong));
    return absl::OkStatus();
  }

  absl::StatusOr<MethodRemoval> Run(const MethodVariant& variant) {
    const std::string path = ResultPath(variant.name);
    const absl::StatusOr<std::vector<ResultFile>> files = ReadResultFiles({path});
    if (absl::IsNotFound(files.status())) {
      return absl::NotFoundError(absl::StrCat(
          files.status().message(), "; make it with //:run --setting=", loaded_.facts.name(),
          " --methods=", variant.name));
    }
    if (!files.ok()) return files.status();
    const MethodResult& result = files->front().result;
    if (result.provenance().ground_truth_digest() != loaded_.provenance.ground_truth_digest()) {
      return absl::FailedPreconditionError(absl::StrCat(
          path, " is of another zoo than ", loaded_.facts.name(), "'s: its ground truth differs"));
    }
    absl::StatusOr<std::vector<PlannedPoint>> plan = PlanPoints(result, path);
    if (!plan.ok()) return plan.status();

    const MethodResult none = FailedResult(loaded_, variant, {}, ERROR, "");
    MethodRemoval removal;
    *removal.mutable_setting() = none.setting();
    removal.set_method(variant.name);
    *removal.mutable_machine() = none.machine();
    *removal.mutable_provenance() = none.provenance();
    removal.mutable_tests()->Add(tests_.begin(), tests_.end());
    removal.set_num_seeds(kNumRemovalSeeds);
    const absl::StatusOr<std::vector<absl::StatusOr<at::Tensor>>> scores =
        ScoresInChild(variant, *plan);
    if (!scores.ok()) return scores.status();
    for (size_t i = 0; i < plan->size(); ++i) {
      RemovalPoint& point = *removal.add_points();
      point = plan->at(i).point;
      if (point.status() != OK) continue;
      const absl::StatusOr<at::Tensor>& of_point = scores->at(i);
      if (!of_point.ok()) {
        point.set_status(EntryStatusOf(of_point.status()));
        point.set_message(std::string(of_point.status().message()));
        continue;
      }
      if (const absl::Status status = Measure(*of_point, point); !status.ok()) return status;
    }
    return removal;
  }

  absl::Status Write(const MethodRemoval& removal) const {
    return WriteTextProto(absl::StrCat(folder_, "/", removal.method(), ".textproto"), removal);
  }

 private:
  std::string ResultPath(const std::string& method) const {
    const std::string file = absl::StrCat("/", loaded_.facts.name(), "/", method, ".textproto");
    const std::string flag = absl::GetFlag(FLAGS_results);
    if (!flag.empty()) return InWorkingDirectory(flag) + file;
    const std::string own = InWorkingDirectory("out/results") + file;
    const std::string recorded = ProjectPath("benchmarks/results") + file;
    return std::filesystem::exists(recorded) && !std::filesystem::exists(own) ? recorded : own;
  }

  // The scores [train, tests] of each point, or why there are none. The outer status is a fault of
  // files or of the system.
  absl::StatusOr<std::vector<absl::StatusOr<at::Tensor>>> ScoresInChild(
      const MethodVariant& variant, const std::vector<PlannedPoint>& plan) const {
    const std::string path = absl::StrCat(folder_, "/", variant.name, ".scores");
    const auto name = [](size_t i) { return absl::StrCat("scores ", i); };
    const absl::StatusOr<ChildEnd> end = RunInChild(limits_, [&] {
      Safetensors content;
      const auto scores = Scores(variant, plan);
      for (size_t i = 0; i < scores.size(); ++i) {
        if (scores[i].ok()) {
          content.tensors[name(i)] = *scores[i];
        } else {
          content.metadata[name(i)] = std::string(scores[i].status().message());
        }
      }
      return loaded_.fault->ok() ? WriteSafetensors(path, content) : *loaded_.fault;
    });
    if (absl::IsAborted(end.status())) {
      return absl::UnavailableError(absl::StrCat("no scores of ", variant.name, " in ", path));
    }
    if (!end.ok()) return end.status();
    std::vector<absl::StatusOr<at::Tensor>> scores;
    if (end->status != OK) {
      scores.assign(plan.size(), absl::InternalError(end->message));
      return scores;
    }
    absl::StatusOr<Safetensors> content = ReadSafetensors(path);
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    if (!content.ok()) return content.status();
    for (size_t i = 0; i < plan.size(); ++i) {
      const auto failed = content->metadata.find(name(i));
      if (failed == content->metadata.end()) {
        scores.emplace_back(content->tensors[name(i)]);
      } else {
        scores.emplace_back(absl::InternalError(failed->second));
      }
    }
    return scores;
  }

  std::vector<absl::StatusOr<at::Tensor>> Scores(const MethodVariant& variant,
                                                 const std::vector<PlannedPoint>& plan) const {
    CostLedger nobody;
    AttributionTask task = MakeTask(loaded_);
    task.test = task.test.Rows(at::tensor(tests_, at::kLong));
    const auto guarded = [](const auto& work) -> decltype(work()) {
      try {
        return work();
      } catch (const std::exception& error) {
        return StatusOfException(error, "scoring");
      }
    };
    auto fitted = guarded([&]() -> absl::StatusOr<std::unique_ptr<FittedAttribution>> {
      if (const absl::Status refusal = CheckSuits(loaded_, variant); !refusal.ok()) return refusal;
      return FitOnDevice(*variant.method->make(), task, variant.hyperparameters, nobody);
    });
    std::vector<absl::StatusOr<at::Tensor>> scores;
    for (const PlannedPoint& planned : plan) {
      scores.push_back(guarded([&]() -> absl::StatusOr<at::Tensor> {
        if (planned.point.status() != OK) return absl::UnknownError(planned.point.message());
        if (!fitted.ok()) return fitted.status();
        absl::StatusOr<at::Tensor> all = (*fitted)->Scores(planned.damping, nobody);
        if (!all.ok()) return all;
        if (const absl::Status status = CheckFinite(*all, "scores"); !status.ok()) return status;
        return all->contiguous();
      }));
    }
    return scores;
  }

  // Trains without the examples that `scores` [train, tests] call helpful.
  absl::Status Measure(const at::Tensor& scores, RemovalPoint& point) {
    const int64_t n = loaded_.data.train.size(), num_tests = static_cast<int64_t>(tests_.size());
    std::vector<std::vector<int64_t>> removed;
    for (const double share : kRemovedShares) {
      for (int64_t t = 0; t < num_tests; ++t) {
        removed.push_back(MostHelpful(scores.select(1, t), NumRemoved(share, n)));
      }
    }
    const absl::StatusOr<OutputsWithout> outputs = trainings_.Without(removed, kNumRemovalSeeds);
    if (!outputs.ok()) return outputs.status();
    // [shares, tests, seeds], each at the test example that the removed ones help.
    const auto own = [&](const at::Tensor& values) {
      const at::Tensor of_sets = values.view({-1, num_tests, kNumRemovalSeeds, values.size(2)});
      std::vector<at::Tensor> columns;
      for (int64_t t = 0; t < num_tests; ++t) {
        columns.push_back(of_sets.select(1, t).select(2, tests_[t]));
      }
      return at::stack(columns, 1);
    };
    const RemovalEffect effect =
        EffectOfRemoval(own(outputs->margin), own(outputs->correct), random_);
    const auto values = [](const at::Tensor& of_tests) {
      const at::Tensor whole = of_tests.contiguous();
      return std::vector<double>(whole.data_ptr<double>(),
                                 whole.data_ptr<double>() + whole.numel());
    };
    const std::vector<double> per_test = values(effect.fall.mean(0));
    *point.mutable_fall() = ToMessage(MeanOverTests(per_test));
    point.mutable_fall_per_test()->Add(per_test.begin(), per_test.end());
    for (int64_t s = 0; s < effect.fall.size(0); ++s) {
      RemovalStep& step = *point.add_steps();
      step.set_share(kRemovedShares[s]);
      step.set_removed(NumRemoved(kRemovedShares[s], n));
      *step.mutable_fall() = ToMessage(MeanOverTests(values(effect.fall[s])));
    }
    point.mutable_smallest_flip()->Add(effect.smallest_flip.begin(), effect.smallest_flip.end());
    CostRecord& cost = *point.mutable_cost();
    cost.set_cpu_seconds(outputs->cpu_seconds);
    for (const std::vector<int64_t>& set : removed) {
      const int64_t kept = n - static_cast<int64_t>(set.size());
      cost.set_retrainings(cost.retrainings() + kNumRemovalSeeds);
      cost.set_flops(cost.flops() + kNumRemovalSeeds * TrainingFlops(*loaded_.model,
                                                                     loaded_.setting.recipe(),
                                                                     kept));
    }
    return absl::OkStatus();
  }

  const LoadedSetting& loaded_;
  const ChildLimits limits_;
  const std::string folder_;
  RemovalTrainings trainings_;
  std::vector<int64_t> tests_;
  at::Tensor random_;  // margins without random examples, [shares, draws, seeds, tests]
};

absl::Status Run() {
  if (absl::GetFlag(FLAGS_tests) < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tests is ", absl::GetFlag(FLAGS_tests), ", must be at least 2"));
  }
  const absl::StatusOr<int> workers = ThreadsOrAllCores(absl::GetFlag(FLAGS_workers));
  if (!workers.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--workers: ", workers.status().message()));
  }
  const absl::StatusOr<std::vector<MethodVariant>> methods = ChosenMethods();
  if (!methods.ok()) return methods.status();
  const absl::StatusOr<LoadedSetting> loaded = LoadSettingOfFlags();
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<ChildLimits> limits = LimitsOfFlags();
  if (!limits.ok()) return limits.status();
  Study study(*loaded, *limits, *workers);
  if (const absl::Status status = study.Prepare(); !status.ok()) return status;
  std::vector<MethodRemoval> all;
  for (const MethodVariant& variant : *methods) {
    std::cerr << variant.name << "\n";
    absl::StatusOr<MethodRemoval> removal = study.Run(variant);
    if (!removal.ok()) return removal.status();
    if (const absl::Status status = study.Write(*removal); !status.ok()) return status;
    all.push_back(*std::move(removal));
  }
  std::cout << RemovalTable(all);
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  return attribench::MainWithMethodFlags(
      argc, argv, "removal",
      "Trains without the examples that methods call helpful, and measures what that does.",
      attribench::Run);
}
