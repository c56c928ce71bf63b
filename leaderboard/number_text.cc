// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/number_text.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace attribench {

std::string ScoreText(double value) {
  const std::string text = absl::StrFormat("%.3f", value);
  return text == "-0.000" ? "0.000" : text;
}

std::string ScoreText(std::optional<double> value) {
  return value.has_value() ? ScoreText(*value) : kNoNumber;
}

std::string ScoreText(const Interval& interval) {
  return absl::StrCat(ScoreText(interval.value()), " [", ScoreText(interval.low()), ", ",
                      ScoreText(interval.high()), "]");
}

std::string PercentText(double share) {
  const std::string text = absl::StrFormat("%.1f%%", 100 * share);
  return text == "-0.0%" ? "0.0%" : text;
}

std::string CostPercentText(double share) {
  if (!(share > 0 && share < .01)) return PercentText(share);
  const int decimals = 1 - static_cast<int>(std::floor(std::log10(100 * share)));
  return absl::StrFormat("%.*f%%", decimals, 100 * share);
}

std::string CostPercentText(std::optional<double> share) {
  return share.has_value() ? CostPercentText(*share) : kNoNumber;
}

std::string PercentText(std::optional<double> share, std::optional<double> low,
                        std::optional<double> high) {
  if (!share.has_value()) return kNoNumber;
  std::string text = PercentText(*share);
  if (low.has_value() && high.has_value()) {
    absl::StrAppendFormat(&text, " [%.1f, %.1f]", 100 * *low, 100 * *high);
  }
  return text;
}

std::string SecondsText(double seconds) {
  return absl::StrFormat("%.*f", seconds < 10 ? 2 : seconds < 1000 ? 1 : 0, seconds);
}

std::string BytesText(int64_t bytes) {
  const double mebibytes = bytes / 1048576.0;
  return mebibytes < 1000 ? absl::StrFormat("%.0f MiB", mebibytes)
                          : absl::StrFormat("%.2f GiB", mebibytes / 1024);
}

std::string CountText(int64_t n) {
  std::string digits = absl::StrCat(n);
  for (int i = static_cast<int>(digits.size()) - 3; i > (n < 0 ? 1 : 0); i -= 3) {
    digits.insert(i, ",");
  }
  return digits;
}

std::string CountText(double n, absl::string_view noun) {
  return absl::StrFormat("%g %s%s", n, noun, n == 1 ? "" : "s");
}

}  // namespace attribench
