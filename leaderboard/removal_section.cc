// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/removal_section.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "benchmarks/removal_report.h"
#include "leaderboard/display_names.h"
#include "leaderboard/number_text.h"

namespace attribench {
namespace {

std::string Line(const MethodRemoval& study, const RemovalPoint& point) {
  std::vector<std::string> cells = {
      CodeCell(study.method()),
      absl::StrJoin(point.tuners(), ", ",
                    [](std::string* text, const std::string& name) { *text += CodeCell(name); }),
      point.damping().empty() ? kNoNumber : TableCell(point.damping())};
  if (point.status() != OK) {
    cells.insert(cells.end(),
                 {kNoNumber, kNoNumber, kNoNumber,
                  absl::StrCat(StatusName(point.status()), ": ", TableCell(point.message()))});
  } else {
    cells.insert(cells.end(),
                 {ScoreText(point.lds()), FallText(point.fall()),
                  absl::StrJoin(point.steps(), " / ",
                                [](std::string* text, const RemovalStep& step) {
                                  absl::StrAppendFormat(text, "%.2f", step.fall().value());
                                }),
                  absl::StrCat(NumFlipped(point), " of ", point.smallest_flip_size())});
  }
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::string Table(std::vector<MethodRemoval> studies) {
  SortByFall(studies);
  std::string shares;
  for (const MethodRemoval& study : studies) {
    for (const RemovalPoint& point : study.points()) {
      if (!shares.empty() || point.steps().empty()) continue;
      shares = absl::StrJoin(point.steps(), " / ", [](std::string* text, const RemovalStep& step) {
        absl::StrAppend(text, 100 * step.share(), "%");
      });
    }
  }
  std::string table =
      absl::StrCat("| method | tuners | damping | LDS | fall [95% interval] | fall at ", shares,
                   " | flipped |\n| :-- | :-- | --: | --: | --: | --: | --: |\n");
  for (const MethodRemoval& study : studies) {
    for (const RemovalPoint& point : study.points()) table += Line(study, point);
  }
  return table;
}

std::string Comparisons(const std::vector<MethodRemoval>& studies) {
  std::string text;
  for (const TunerGain& gain : GainsOverConstant(studies)) {
    absl::StrAppendFormat(&text, "- %s against `mean_eigenvalue`, %s: %+.2f [%+.2f, %+.2f]\n",
                          CodeCell(gain.tuner), CountText(gain.num_methods, "method"),
                          gain.gain.value, gain.gain.low, gain.gain.high);
  }
  return text;
}

}  // namespace

std::string RenderRemovals(const std::vector<MethodRemoval>& studies) {
  if (studies.empty()) return "";
  std::map<std::string, std::vector<MethodRemoval>> by_setting;
  for (const MethodRemoval& study : studies) by_setting[study.setting().name()].push_back(study);
  std::string section =
      "\n## Removing helpful examples\n\n"
      "For each of some test examples of the reporting block, the training examples with the "
      "largest "
      "scores are removed and the model is trained again, with three seeds. `fall` is how much "
      "lower "
      "the margin of the test example is then than without as many random examples, the mean over "
      "the shares removed; larger is better. `flipped` counts the test examples that most of these "
      "models get wrong at one of the shares. Intervals are for other test examples. "
      "`bazel run //:removal` makes these results.\n";
  for (const auto& [name, of_setting] : by_setting) {
    const SettingFacts& setting = of_setting.front().setting();
    absl::StrAppend(&section, "\n### ", OneLine(name), setting.synthetic() ? " (SYNTHETIC)" : "",
                    "\n\n", Table(of_setting));
    const std::string comparisons = Comparisons(of_setting);
    if (!comparisons.empty()) {
      absl::StrAppend(&section,
                      "\nHow much more the margin falls with the damping of a tuner, mean over the "
                      "methods for which it chose another one:\n\n",
                      comparisons);
    }
  }
  return section;
}

}  // namespace attribench
