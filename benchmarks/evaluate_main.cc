// SPDX-License-Identifier: Apache-2.0
//
// Judges attribution scores that another program computed, and writes a result like that of any
// method. evaluators/from_python.md shows how to write the file.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "benchmarks/imported_scores.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/result_files.h"
#include "benchmarks/text_table.h"
#include "datasets/num_threads.h"
#include "datasets/text_proto.h"
#include "datasets/working_directory.h"
#include "evaluators/tuners/tuner.h"

ABSL_FLAG(std::string, setting, "", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, scores, "",
          "safetensors file with one [train, test] tensor, or several that are named by their "
          "damping (damping=0.01); a larger score means that the training example helps more");
ABSL_FLAG(std::string, name, "",
          "name of the method: lower-case letters, digits and _; default: that of the file");
ABSL_FLAG(std::string, cost, "",
          "text proto of ImportedCost (benchmarks/imported_cost.proto): what the scores cost");
ABSL_FLAG(std::string, default_damping, "",
          "the damping that counts as the method's default, one of the file's; empty: none");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(std::string, output, "out/results",
          "folder; the result is written to <output>/<setting>/<name>.textproto");

namespace attribench {
namespace {

constexpr size_t kLongestName = 64;

absl::StatusOr<std::string> ChosenName(const std::string& path) {
  const std::string flag = absl::GetFlag(FLAGS_name);
  const std::string name = flag.empty() ? std::filesystem::path(path).stem().string() : flag;
  const bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
  });
  if (good && !name.empty() && name.size() <= kLongestName) return name;
  return absl::InvalidArgumentError(
      absl::StrCat(flag.empty() ? "the name of the file gives the method's name, '" : "--name is '",
                   name, "', must be 1 to ", kLongestName, " lower-case letters, digits and _",
                   flag.empty() ? "; choose one with --name" : ""));
}

absl::StatusOr<ScoresFacts> ChosenFacts(const std::string& path) {
  const absl::StatusOr<std::string> name = ChosenName(path);
  if (!name.ok()) return name.status();
  ScoresFacts facts;
  facts.name = *name;
  if (const std::string text = absl::GetFlag(FLAGS_default_damping); !text.empty()) {
    double damping = 0;
    if (!absl::SimpleAtod(text, &damping)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--default_damping is '", text, "', must be a number"));
    }
    facts.default_damping = damping;
  }
  if (const std::string file = absl::GetFlag(FLAGS_cost); !file.empty()) {
    ImportedCost cost;
    const absl::Status status = ReadTextProto(InWorkingDirectory(file), &cost);
    if (!status.ok()) return status;
    for (const CostRecord* part : {&cost.fit(), &cost.scores()}) {
      for (const double number : {part->retrainings(), part->gradient_evaluations(), part->flops(),
                                  part->cpu_seconds(), part->hessian_vector_products()}) {
        if (std::isfinite(number) && number >= 0) continue;
        return absl::InvalidArgumentError(
            absl::StrCat(file, " has the cost ", number, ", must be finite and at least 0"));
      }
    }
    facts.cost = cost;
  }
  return facts;
}

std::string Table(const MethodResult& result) {
  using Alignment = TextColumn::Alignment;
  std::vector<TextColumn> columns = {{{"tuner"}}, {{"damping"}, Alignment::kRight}};
  for (const MetricFacts& metric : result.setting().metrics()) {
    columns.push_back({{metric.name()}, Alignment::kRight});
    columns.push_back({{"95% interval"}, Alignment::kRight});
    columns.push_back({{"of ceiling"}, Alignment::kRight});
  }
  TextTable table(columns);
  for (const Entry& entry : result.entries()) {
    const auto damping = entry.hyperparameters().find("damping");
    std::vector<std::string> cells = {
        entry.tuner(), damping == entry.hyperparameters().end() ? "-" : damping->second};
    for (const MetricFacts& metric : result.setting().metrics()) {
      const auto is_it = [&](const MetricValue& value) { return value.name() == metric.name(); };
      const auto found = std::find_if(entry.metrics().begin(), entry.metrics().end(), is_it);
      if (found == entry.metrics().end()) {
        cells.insert(cells.end(), {"-", "-", "-"});
        continue;
      }
      const Interval& estimate = found->estimate();
      cells.push_back(absl::StrFormat("%.3f", estimate.value()));
      cells.push_back(absl::StrFormat("[%.3f, %.3f]", estimate.low(), estimate.high()));
      cells.push_back(
          metric.has_ceiling() && metric.ceiling().value() > 0
              ? absl::StrFormat("%.1f%%", 100 * estimate.value() / metric.ceiling().value())
              : "-");
    }
    table.AddRow(cells);
    if (entry.status() != OK) {
      table.AddLine(absl::StrCat("  ", EntryStatus_Name(entry.status()), ": ", entry.message()));
    }
  }
  return table.Render();
}

// Whether every value of the first metric is below 0 with its whole interval.
bool LooksTurnedRound(const MethodResult& result) {
  bool any = false;
  for (const Entry& entry : result.entries()) {
    if (entry.metrics().empty()) continue;
    if (entry.metrics(0).estimate().high() >= 0) return false;
    any = true;
  }
  return any;
}

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", positional[1], "'; name the file with --scores"));
  }
  for (const auto& [flag, value] : {std::make_pair("setting", absl::GetFlag(FLAGS_setting)),
                                    std::make_pair("scores", absl::GetFlag(FLAGS_scores)),
                                    std::make_pair("output", absl::GetFlag(FLAGS_output))}) {
    if (!value.empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat("--", flag, " is empty; it must be given"));
  }
  const absl::StatusOr<int> threads = ThreadsOrAllCores(0);
  if (!threads.ok()) return threads.status();
  at::set_num_threads(*threads);
  const std::string path = InWorkingDirectory(absl::GetFlag(FLAGS_scores));
  const absl::StatusOr<ScoresFacts> facts = ChosenFacts(path);
  if (!facts.ok()) return facts.status();
  const absl::StatusOr<std::vector<RegisteredTuner>> tuners = RegisteredTuners();
  if (!tuners.ok()) return tuners.status();
  const absl::StatusOr<LoadedSetting> loaded =
      LoadWithoutExamples(absl::GetFlag(FLAGS_setting), absl::GetFlag(FLAGS_zoo));
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<ImportedScores> scores = OpenScores(path, loaded->facts);
  if (!scores.ok()) return scores.status();
  std::vector<std::string> not_run;
  const absl::StatusOr<MethodResult> result =
      EvaluateScores(*loaded, *scores, *facts, *tuners, not_run);
  if (!result.ok()) return result.status();

  std::cout << facts->name << " on " << loaded->facts.name() << ", "
            << loaded->facts.num_reporting_subsets() << " subsets and "
            << loaded->facts.num_reporting_tests() << " test examples of the reporting block"
            << (loaded->facts.synthetic() ? " (synthetic data)" : "") << "\n\n"
            << Table(*result);
  if (!not_run.empty()) {
    std::cout << "\nNot run, as they need more than scores: " << absl::StrJoin(not_run, ", ")
              << "\n";
  }
  if (LooksTurnedRound(*result)) {
    std::cout << "\nThe scores predict the opposite of what retraining gives. A larger score must "
                 "mean that the\ntraining example helps more: it raises minus the loss of the test "
                 "example.\n";
  }
  const std::string file = absl::StrCat(InWorkingDirectory(absl::GetFlag(FLAGS_output)), "/",
                                        loaded->facts.name(), "/", facts->name, ".textproto");
  if (const absl::Status status = WriteTextProto(file, *result); !status.ok()) return status;
  std::cout << "\nresult: " << file << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Judges attribution scores of another program against retrained models.\n"
      "evaluate --setting=mnist_mlp --scores=scores.safetensors");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "evaluate: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
