// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/imported_scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "benchmarks/run_method.h"
#include "datasets/progress_bar.h"
#include "datasets/whole_file.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/hyperparameters.h"
#include "methods/registry.h"

namespace attribench {
namespace {

constexpr char kDampingPrefix[] = "damping=";
constexpr char kDefaultTuner[] = "default";

absl::Status Wrong(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

std::string Shape(const std::vector<int64_t>& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

// Names of tensors by their damping. Empty if no name has one.
absl::StatusOr<std::map<double, std::string>> ByDamping(const SafetensorsFile& file) {
  std::map<double, std::string> tensors;
  std::vector<std::string> others;
  for (const auto& [name, tensor] : file.header().tensors) {
    absl::string_view number = name;
    double damping = 0;
    if (!absl::ConsumePrefix(&number, kDampingPrefix)) {
      others.push_back(name);
    } else if (!absl::SimpleAtod(number, &damping) || !(damping >= 0) || std::isinf(damping)) {
      return Wrong(file.path(), absl::StrCat("tensor ", name,
                                             " names no damping; it must be a number of at least "
                                             "0, as in damping=0.01"));
    } else if (!tensors.emplace(damping, name).second) {
      return Wrong(file.path(), absl::StrCat("tensors ", tensors[damping], " and ", name,
                                             " are of the same damping"));
    }
  }
  const size_t count = file.header().tensors.size();
  if (count == 0) return Wrong(file.path(), "has no tensor; it must have one, [train, test]");
  if (count > 1 && !others.empty()) {
    return Wrong(file.path(),
                 absl::StrCat("has ", count, " tensors, and not all are named by their damping (",
                              others.front(), "); keep one, or name each as in damping=0.01"));
  }
  return tensors;
}

absl::Status CheckShape(const SafetensorsFile& file, const std::string& name,
                        const SettingFacts& setting) {
  const SafetensorsHeader::Tensor& tensor = file.header().tensors.at(name);
  if (!tensor.type.has_value() || !at::isFloatingType(*tensor.type)) {
    return Wrong(file.path(), absl::StrCat("tensor ", name, " has type ", tensor.dtype,
                                           ", must be F16, BF16, F32 or F64"));
  }
  const int64_t train = setting.num_train(), test = setting.num_test();
  if (tensor.shape == std::vector<int64_t>{train, test}) return absl::OkStatus();
  const std::string wanted =
      absl::StrCat("[", train, " train, ", test, " test] of ", setting.name());
  if (tensor.shape == std::vector<int64_t>{test, train}) {
    return Wrong(
        file.path(),
        absl::StrCat("tensor ", name, " is ", Shape(tensor.shape), ", the transpose of ", wanted,
                     ": save its transpose, with a row for each training example"));
  }
  return Wrong(file.path(),
               absl::StrCat("tensor ", name, " is ", Shape(tensor.shape), ", must be ", wanted));
}

// In float32 or, if the file has it, float64.
absl::StatusOr<at::Tensor> ReadScores(const SafetensorsFile& file, const std::string& name) {
  absl::StatusOr<at::Tensor> scores = file.Read(name);
  if (!scores.ok() || scores->scalar_type() == at::kDouble) return scores;
  return scores->to(at::kFloat);
}

absl::Status CheckNumbers(const SafetensorsFile& file, const std::string& name) {
  const absl::StatusOr<at::Tensor> scores = ReadScores(file, name);
  if (!scores.ok()) return scores.status();
  const at::Tensor bad = scores->isfinite().logical_not();
  const auto count = bad.sum().item<int64_t>();
  if (count == 0) return absl::OkStatus();
  const at::Tensor first = bad.nonzero()[0];
  return Wrong(
      file.path(),
      absl::StrCat("tensor ", name, " has ", count, " scores that are not finite, the first at [",
                   first[0].item<int64_t>(), ", ", first[1].item<int64_t>(), "]"));
}

// 17 digits give the same number back.
std::string Text(double number) { return absl::StrFormat("%.17g", number); }

HyperparameterSpace Space(const std::vector<double>& dampings, double default_damping) {
  HyperparameterSpace space;
  space.set_summary("Scores that another program computed.");
  space.set_informative(true);
  if (dampings.empty()) return space;
  Hyperparameter& damping = *space.add_hyperparameters();
  damping.set_name("damping");
  damping.set_description("as in the file of scores");
  damping.set_kind(Hyperparameter::DAMPING);
  damping.set_damping_unit(ABSOLUTE);
  damping.set_default_value(Text(default_damping));
  for (const double value : dampings) damping.add_grid(Text(value));
  return space;
}

Cost FromMessage(const CostRecord& cost) {
  return {cost.retrainings(), cost.gradient_evaluations(), cost.hessian_vector_products(),
          cost.flops(),       cost.cpu_seconds(),          /*wall_seconds=*/0};
}

// The scores of a file as a fitted method. Whoever computed them has spent the time: the clock
// stands still, and costs are those that are stated.
class ImportedAttribution : public FittedAttribution {
 public:
  ImportedAttribution(const ImportedScores& scores, const ScoresFacts& facts)
      : scores_(scores), facts_(facts) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    const CostLedger::Pause pause(ledger);
    const std::vector<double>& dampings = scores_.dampings;
    size_t place = 0;
    if (!dampings.empty()) {
      place = std::find(dampings.begin(), dampings.end(), damping.value) - dampings.begin();
      if (place == dampings.size() || damping.unit != ABSOLUTE) {
        return absl::UnimplementedError(
            absl::StrCat("the file has no scores at damping ", ToString(damping)));
      }
    }
    if (facts_.cost.has_value()) ledger.Charge(FromMessage(facts_.cost->scores()));
    return ReadScores(scores_.file, scores_.tensors[place]);
  }

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    if (damping.unit == ABSOLUTE) return damping.value;
    return absl::UnimplementedError("the dampings of a file are absolute");
  }

 private:
  const ImportedScores& scores_;
  const ScoresFacts& facts_;
};

class ImportedMethod : public AttributionMethod {
 public:
  ImportedMethod(const ImportedScores& scores, const ScoresFacts& facts)
      : scores_(scores), facts_(facts) {}

  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    if (task.own_curvature_examples.has_value()) {
      return absl::UnimplementedError("scores of a file cannot be fitted again");
    }
    const CostLedger::Pause pause(ledger);
    if (facts_.cost.has_value()) ledger.Charge(FromMessage(facts_.cost->fit()));
    return std::make_unique<ImportedAttribution>(scores_, facts_);
  }

 private:
  const ImportedScores& scores_;
  const ScoresFacts& facts_;
};

// Takes out the entries of tuners that need more than sums of scores. They were refused: a file has
// neither moments nor a model.
void DropRefused(MethodResult& result, std::vector<std::string>& not_run) {
  MethodResult kept = result;
  kept.clear_entries();
  for (const Entry& entry : result.entries()) {
    if (result.damped() && entry.status() == REFUSED) {
      not_run.push_back(entry.tuner());
    } else {
      *kept.add_entries() = entry;
    }
  }
  result = std::move(kept);
}

void AddMessage(const std::string& message, Entry& entry) {
  entry.set_message(entry.message().empty() ? message
                                            : absl::StrCat(entry.message(), "; ", message));
}

// Time and memory of this program are not those of the method.
void StateCosts(const LoadedSetting& loaded, const ScoresFacts& facts, MethodResult& result) {
  result.mutable_machine()->set_cpu_model(facts.cost.has_value() && !facts.cost->cpu_model().empty()
                                              ? facts.cost->cpu_model()
                                              : "not stated");
  for (Entry& entry : *result.mutable_entries()) {
    entry.clear_wall_seconds();
    entry.clear_peak_memory_bytes();
    if (!facts.cost.has_value()) {
      entry.clear_total_cost();
      entry.clear_phases();
      if (!result.damped()) entry.clear_tuning_cost();
      AddMessage("the cost of these scores is not stated", entry);
    }
    const TrainingCost& training = loaded.zoo.manifest().subset_training();
    if (entry.tuning_cost().retrainings() > 0 && training.flops() == 0 &&
        training.cpu_seconds() == 0) {
      AddMessage("the cost of a retraining is not stated: their number alone counts", entry);
    }
  }
}

}  // namespace

absl::StatusOr<ImportedScores> OpenScores(const std::string& path, const SettingFacts& setting) {
  absl::StatusOr<SafetensorsFile> file = SafetensorsFile::Open(path);
  if (!file.ok()) return file.status();
  ImportedScores scores;
  scores.file = *std::move(file);
  const SafetensorsHeader& header = scores.file.header();
  if (const auto named = header.metadata.find("setting");
      named != header.metadata.end() && named->second != setting.name()) {
    return Wrong(path, absl::StrCat("its metadata name the setting ", named->second, ", not ",
                                    setting.name()));
  }
  const absl::StatusOr<std::map<double, std::string>> by_damping = ByDamping(scores.file);
  if (!by_damping.ok()) return by_damping.status();
  for (const auto& [damping, name] : *by_damping) {
    scores.dampings.push_back(damping);
    scores.tensors.push_back(name);
  }
  if (by_damping->empty()) scores.tensors = {header.tensors.begin()->first};
  for (const std::string& name : scores.tensors) {
    const absl::Status status = CheckShape(scores.file, name, setting);
    if (!status.ok()) return status;
  }
  ProgressBar bar("reading scores", static_cast<int64_t>(scores.tensors.size()));
  for (const std::string& name : scores.tensors) {
    const absl::Status status = CheckNumbers(scores.file, name);
    if (!status.ok()) return status;
    bar.Advance();
  }
  absl::StatusOr<std::string> digest = Sha256OfFile(path);
  if (!digest.ok()) return digest.status();
  scores.digest = *std::move(digest);
  return scores;
}

absl::StatusOr<MethodResult> EvaluateScores(const LoadedSetting& loaded,
                                            const ImportedScores& scores, const ScoresFacts& facts,
                                            const std::vector<RegisteredTuner>& tuners,
                                            std::vector<std::string>& not_run) {
  const std::vector<double>& dampings = scores.dampings;
  if (facts.default_damping.has_value() &&
      std::count(dampings.begin(), dampings.end(), *facts.default_damping) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the default damping is ", *facts.default_damping, ", must be one of the ", dampings.size(),
        " dampings of ", scores.file.path(), ": ", absl::StrJoin(dampings, ", ")));
  }
  RegisteredMethod method;
  method.name = facts.name;
  method.space =
      Space(dampings, facts.default_damping.value_or(dampings.empty() ? 0 : dampings.front()));
  method.make = [&] { return std::make_unique<ImportedMethod>(scores, facts); };
  absl::StatusOr<Hyperparameters> hyperparameters = Hyperparameters::Make(method.space, {});
  if (!hyperparameters.ok()) return hyperparameters.status();
  const MethodVariant variant = {facts.name, &method, *std::move(hyperparameters)};
  std::vector<RegisteredTuner> asked;
  for (const RegisteredTuner& tuner : tuners) {
    if (tuner.name != kDefaultTuner || facts.default_damping.has_value()) asked.push_back(tuner);
  }
  MethodResult result = RunMethod(loaded, variant, asked);
  DropRefused(result, not_run);
  StateCosts(loaded, facts, result);
  (*result.mutable_provenance()->mutable_hyperparameters())["scores_sha256"] = scores.digest;
  return result;
}

}  // namespace attribench
