// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/replay_report.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace attribench {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kTunersPerTable = 3;
constexpr char kNone[] = "-";

// Cells two spaces apart: the first column to the left, the others to the right.
using Cells = std::vector<std::string>;
std::string Aligned(const std::vector<Cells>& rows) {
  std::vector<size_t> widths;
  for (const Cells& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Cells& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string space(widths[c] - row[c].size(), ' ');
      absl::StrAppend(&line, c == 0 ? row[c] : "  " + space, c == 0 ? space : row[c]);
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  return text;
}

// Words in lines of kWidth, the later ones indented.
std::string Wrapped(const std::string& text, size_t indent) {
  std::string result, line;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      absl::StrAppend(&result, line, "\n");
      line = absl::StrCat(std::string(indent, ' '), word);
    } else {
      absl::StrAppend(&line, line.empty() ? "" : " ", word);
    }
  }
  return absl::StrCat(result, line, "\n");
}

// Sentences below the tables, by number: each is there once.
class Notes {
 public:
  std::string Number(const std::string& sentence) {
    auto found = std::find(sentences_.begin(), sentences_.end(), sentence);
    if (found == sentences_.end()) found = sentences_.insert(found, sentence);
    return absl::StrCat("(", found - sentences_.begin() + 1, ")");
  }
  std::string Text() const {
    std::string text;
    for (size_t i = 0; i < sentences_.size(); ++i) {
      absl::StrAppend(&text, Wrapped(absl::StrCat("(", i + 1, ") ", sentences_[i]), 4));
    }
    return text;
  }

 private:
  std::vector<std::string> sentences_;
};

std::string Percent(const std::optional<double>& share) {
  if (!share.has_value()) return kNone;
  const double percent = 100 * *share;
  if (percent > 0 && percent < .01) return "<0.01%";
  return absl::StrFormat(percent < 10 ? "%.2f%%" : "%.1f%%", percent);
}

std::string Number(double value) { return absl::StrFormat("%.3f", value); }

std::string DampingText(const ReplayedChoice& choice, Notes& notes) {
  if (choice.tuned.ok()) return absl::StrFormat("%.3g", choice.tuned->damping.value);
  return notes.Number(std::string(choice.tuned.status().message()));
}

std::string LdsText(const ReplayedChoice& choice, Notes& notes) {
  if (!choice.tuned.ok()) return kNone;
  if (!choice.lds.ok()) return notes.Number(std::string(choice.lds.status().message()));
  return absl::StrCat(choice.lds->interpolated ? "~" : "", Number(choice.lds->value));
}

std::string ShareText(const ReplayedChoice& choice, const ShareOfSearch& share, Notes& notes) {
  if (choice.tuned.ok() && !choice.lds.ok()) {
    return notes.Number(std::string(choice.lds.status().message()));
  }
  if (!share.lds.has_value()) return kNone;
  return absl::StrCat(choice.lds->interpolated ? "~" : "", Number(*share.lds));
}

std::string FullTable(const std::string& search, const std::string& tuner,
                      const std::vector<const ReplayedRow*>& rows, Notes& notes) {
  std::vector<Cells> cells = {
      {"", "", "LDS of", "LDS of", "", "95%", "FLOPs,", "CPU,"},
      {tuner, "damping", "choice", "search", "share", "interval", "share", "share"}};
  for (const ReplayedRow* row : rows) {
    const ReplayedChoice& choice = row->choices[0];
    const ShareOfSearch share = Compare(choice, row->search);
    cells.push_back(
        {row->method, DampingText(choice, notes), LdsText(choice, notes),
         row->search.lds.ok()
             ? Number(row->search.lds->value)
             : notes.Number(absl::StrCat(search, ": ", row->search.lds.status().message())),
         ShareText(choice, share, notes),
         share.interval.has_value()
             ? absl::StrFormat("%.3f to %.3f", share.interval->first, share.interval->second)
             : kNone,
         Percent(share.flops), Percent(share.cpu)});
  }
  return Aligned(cells);
}

// Tuners [begin, end).
std::string GroupedTable(const std::vector<std::string>& tuners, size_t begin, size_t end,
                         const std::vector<const ReplayedRow*>& rows, Notes& notes) {
  const auto group = [](const std::string& damping, const std::string& share,
                        const std::string& flops) {
    return absl::StrFormat("%8s %6s %7s", damping, share, flops);
  };
  std::vector<Cells> cells = {{""}, {"method"}};
  for (size_t t = begin; t < end; ++t) {
    cells[0].push_back(tuners[t]);
    cells[1].push_back(group("damping", "share", "FLOPs"));
  }
  for (const ReplayedRow* row : rows) {
    Cells line = {row->method};
    for (size_t t = begin; t < end; ++t) {
      const ReplayedChoice& choice = row->choices[t];
      const ShareOfSearch share = Compare(choice, row->search);
      line.push_back(
          group(DampingText(choice, notes), ShareText(choice, share, notes), Percent(share.flops)));
    }
    cells.push_back(std::move(line));
  }
  return Aligned(cells);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

std::optional<double> MedianIfAny(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  return Median(std::move(values));
}

Cells Summary(const std::string& name, size_t tuner, const std::vector<const ReplayedRow*>& rows) {
  std::vector<double> shares, flops, cpu;
  const ReplayedRow* worst = nullptr;
  for (const ReplayedRow* row : rows) {
    const ShareOfSearch share = Compare(row->choices[tuner], row->search);
    if (share.flops.has_value()) flops.push_back(*share.flops);
    if (share.cpu.has_value()) cpu.push_back(*share.cpu);
    if (!share.lds.has_value()) continue;
    if (shares.empty() || *share.lds < *std::min_element(shares.begin(), shares.end())) {
      worst = row;
    }
    shares.push_back(*share.lds);
  }
  const std::string of = absl::StrCat(shares.size(), " of ", rows.size());
  if (shares.empty()) return {name, of, kNone, kNone, kNone, kNone, kNone};
  return {name,
          of,
          Number(Median(shares)),
          Number(*std::min_element(shares.begin(), shares.end())),
          worst->method,
          Percent(MedianIfAny(flops)),
          Percent(MedianIfAny(cpu))};
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Digits(const std::optional<double>& value) {
  return value.has_value() ? absl::StrFormat("%.17g", *value) : "";
}

}  // namespace

std::string ReplayTables(const std::string& search, const std::vector<std::string>& tuners,
                         const std::vector<ReplayedRow>& rows) {
  std::vector<std::string> settings;
  std::map<std::string, std::vector<const ReplayedRow*>> by_setting;
  std::vector<const ReplayedRow*> all;
  bool interpolated = false;
  for (const ReplayedRow& row : rows) {
    if (by_setting.count(row.setting) == 0) settings.push_back(row.setting);
    by_setting[row.setting].push_back(&row);
    all.push_back(&row);
    for (const ReplayedChoice& choice : row.choices) {
      interpolated = interpolated || (choice.lds.ok() && choice.lds->interpolated);
    }
  }
  Notes notes;
  std::string text;
  for (const std::string& setting : settings) {
    for (size_t begin = 0; begin < tuners.size(); begin += kTunersPerTable) {
      const size_t end = std::min(tuners.size(), begin + kTunersPerTable);
      absl::StrAppend(&text, setting, "\n",
                      tuners.size() == 1
                          ? FullTable(search, tuners[0], by_setting[setting], notes)
                          : GroupedTable(tuners, begin, end, by_setting[setting], notes),
                      "\n");
    }
  }
  std::vector<Cells> summary = {
      {"", "with a", "median", "worst", "", "median", "median"},
      {absl::StrCat("shares of ", search), "share", "share", "share", "of", "FLOPs", "CPU"}};
  for (size_t t = 0; t < tuners.size(); ++t) {
    for (const std::string& setting : settings) {
      if (settings.size() == 1) break;
      summary.push_back(Summary(absl::StrCat(tuners[t], ", ", setting), t, by_setting[setting]));
    }
    summary.push_back(
        Summary(settings.size() == 1 ? tuners[t] : absl::StrCat(tuners[t], ", all"), t, all));
  }
  absl::StrAppend(&text, Aligned(summary), "\n",
                  "Dampings are in the unit of each method's grid.\n");
  if (interpolated) {
    absl::StrAppend(&text,
                    Wrapped("~: the damping lies between two points of the grid; the LDS of each "
                            "test and the effect of each subset are interpolated linearly in log "
                            "damping.",
                            0));
  }
  return absl::StrCat(text, notes.Text());
}

std::string ReplayCsv(const std::vector<std::string>& tuners,
                      const std::vector<ReplayedRow>& rows) {
  std::string text =
      "setting,method,tuner,status,damping,unit,lds,search_lds,share,share_low,share_high,"
      "flops_share,cpu_share,retrainings,flops,cpu_seconds,message\n";
  for (const ReplayedRow& row : rows) {
    for (size_t t = 0; t < tuners.size(); ++t) {
      const ReplayedChoice& choice = row.choices[t];
      const ShareOfSearch share = Compare(choice, row.search);
      const absl::Status& status = choice.lds.status();
      Cells cells = {row.setting, row.method, tuners[t],
                     status.ok() ? "OK" : absl::StatusCodeToString(status.code())};
      const bool tuned = choice.tuned.ok();
      cells.push_back(tuned ? Digits(choice.tuned->damping.value) : "");
      cells.push_back(tuned ? DampingUnit_Name(choice.tuned->damping.unit) : "");
      cells.push_back(choice.lds.ok() ? Digits(choice.lds->value) : "");
      cells.push_back(row.search.lds.ok() ? Digits(row.search.lds->value) : "");
      cells.push_back(Digits(share.lds));
      cells.push_back(share.interval.has_value() ? Digits(share.interval->first) : "");
      cells.push_back(share.interval.has_value() ? Digits(share.interval->second) : "");
      cells.push_back(Digits(share.flops));
      cells.push_back(Digits(share.cpu));
      cells.push_back(Digits(choice.cost.retrainings));
      cells.push_back(Digits(choice.cost.flops));
      cells.push_back(Digits(choice.cost.cpu_seconds));
      cells.push_back(Quoted(status.ok() ? choice.tuned->message : status.message()));
      absl::StrAppend(&text, absl::StrJoin(cells, ","), "\n");
    }
  }
  return text;
}

}  // namespace attribench
