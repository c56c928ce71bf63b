// SPDX-License-Identifier: Apache-2.0
//
// Chooses a damping for features of any program: no setting, no retraining.
// evaluators/from_python.md shows how to write the files.
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "datasets/num_threads.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "evaluators/features/feature_damping.h"
#include "evaluators/features/feature_files.h"
#include "methods/hyperparameters.h"
#include "nlohmann/json.hpp"

ABSL_FLAG(std::vector<std::string>, train, {},
          "safetensors files with features of the training examples, a row each; several are "
          "shards, in this order");
ABSL_FLAG(std::vector<std::string>, test, {}, "the same of test examples");
ABSL_FLAG(std::string, selector, "held_out", "held_out or surrogate_indicator");
ABSL_FLAG(bool, blocks, false,
          "each tensor of the files is damped and inverted by itself, as a block of a "
          "block-diagonal matrix");
ABSL_FLAG(std::string, json, "", "file for the choice and the curve as JSON");
ABSL_FLAG(int, threads, 0, "threads; default: one per core");

namespace attribench {
namespace {

constexpr int kBarWidth = 40;

// A line for each damping with a bar: the value's share of the greatest. A value below 0 has none.
std::string Plot(const TunedPoint& point) {
  double greatest = 0;
  for (const CriterionPoint& at : point.criterion) greatest = std::max(greatest, at.value);
  // The nearest point of the grid, in log damping, is marked.
  size_t chosen = 0;
  const auto distance = [&](const CriterionPoint& at) {
    return std::max(at.damping.value / point.damping.value, point.damping.value / at.damping.value);
  };
  for (size_t i = 1; i < point.criterion.size(); ++i) {
    if (distance(point.criterion[i]) < distance(point.criterion[chosen])) chosen = i;
  }
  std::string text;
  for (size_t i = 0; i < point.criterion.size(); ++i) {
    const CriterionPoint& at = point.criterion[i];
    const double share = greatest > 0 ? std::max(0., at.value / greatest) : 0;
    const auto length = static_cast<int>(share * kBarWidth + .5);
    const std::string bar =
        absl::StrCat("  ", std::string(length, '#'), i == chosen ? "  <- chosen" : "");
    absl::StrAppend(
        &text, absl::StrFormat("%9s  %10.4g", absl::StrFormat("%.3g", at.damping.value), at.value),
        absl::StripTrailingAsciiWhitespace(bar), "\n");
  }
  return text;
}

nlohmann::ordered_json Json(const std::string& selector, const FeatureDamping& damping,
                            int64_t num_train) {
  nlohmann::ordered_json blocks = nlohmann::ordered_json::array(), curve = blocks;
  for (const FeatureBlock& block : damping.blocks) {
    const double absolute = damping.point.damping.value * block.mean_eigenvalue;
    blocks.push_back({{"name", block.name},
                      {"dimension", block.dimension},
                      {"mean_eigenvalue", block.mean_eigenvalue},
                      {"damping", absolute},
                      {"damping_of_sum", absolute * static_cast<double>(num_train)}});
  }
  for (const CriterionPoint& point : damping.point.criterion) {
    curve.push_back({{"damping", point.damping.value}, {"value", point.value}});
  }
  return {{"selector", selector},
          {"damping_over_mean_eigenvalue", damping.point.damping.value},
          {"message", damping.point.message},
          {"blocks", blocks},
          {"curve", curve}};
}

std::string Report(const std::string& selector, const FeatureDamping& damping, int64_t num_train) {
  const double multiple = damping.point.damping.value;
  std::string text = absl::StrFormat(
      "damping %.6g x the mean eigenvalue of F = (1/n) sum of g g', n = %d training rows\n",
      multiple, num_train);
  for (const FeatureBlock& block : damping.blocks) {
    const double absolute = multiple * block.mean_eigenvalue;
    absl::StrAppendFormat(&text, "  %s: %d dimensions, mean eigenvalue %.6g\n", block.name,
                          block.dimension, block.mean_eigenvalue);
    absl::StrAppendFormat(&text, "    lambda = %-12.6g for F + lambda I\n", absolute);
    absl::StrAppendFormat(&text, "             %-12.6g for n F + lambda I\n",
                          absolute * static_cast<double>(num_train));
  }
  if (!damping.point.message.empty())
    absl::StrAppend(&text, "  note: ", damping.point.message, "\n");
  const std::string title = selector == "held_out" ? "held-out criterion" : "indicator";
  absl::StrAppend(&text, "\n  damping  ", title, "\n", Plot(damping.point));
  return text;
}

absl::StatusOr<FeatureFiles> OpenFiles(const char* flag, const std::vector<std::string>& names) {
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, " is empty; it must name files of features"));
  }
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(InWorkingDirectory(name));
  return FeatureFiles::Open(paths);
}

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", positional[1], "'; name files with --train, --test"));
  }
  const absl::StatusOr<int> threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--threads: ", threads.status().message()));
  }
  at::set_num_threads(*threads);
  const std::string selector = absl::GetFlag(FLAGS_selector);
  const auto select = selector == "held_out"              ? &HeldOutDamping
                      : selector == "surrogate_indicator" ? &SurrogateDamping
                                                          : nullptr;
  if (select == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("--selector is '", selector, "', must be held_out or surrogate_indicator"));
  }
  const absl::StatusOr<FeatureFiles> train = OpenFiles("train", absl::GetFlag(FLAGS_train));
  if (!train.ok()) return train.status();
  const absl::StatusOr<FeatureFiles> test = OpenFiles("test", absl::GetFlag(FLAGS_test));
  if (!test.ok()) return test.status();
  FeatureOptions options;
  options.blocks = absl::GetFlag(FLAGS_blocks);
  const absl::StatusOr<FeatureDamping> damping =
      select(*train, *test, RelativeDampingGrid(), options);
  if (!damping.ok()) return damping.status();
  std::cout << Report(selector, *damping, train->num_rows());
  if (test->num_rows() > options.most_tests) {
    std::cout << "  (the first " << options.most_tests << " of " << test->num_rows()
              << " test rows count)\n";
  }
  const std::string json = absl::GetFlag(FLAGS_json);
  if (json.empty()) return absl::OkStatus();
  return WriteWholeFile(InWorkingDirectory(json),
                        Json(selector, *damping, train->num_rows()).dump(2) + "\n");
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Chooses a damping for features of any program, without retraining.\n"
      "select_damping --train=phi.safetensors --test=phi_test.safetensors");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "select_damping: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
