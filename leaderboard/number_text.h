// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_NUMBER_TEXT_H_
#define ATTRIBENCH_LEADERBOARD_NUMBER_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// How numbers are written in tables and sentences. No zero has a minus sign.

inline constexpr char kNoNumber[] = "-";

// A metric's value: "0.481".
std::string ScoreText(double value);
std::string ScoreText(std::optional<double> value);  // kNoNumber if absent

// "0.481 [0.462, 0.516]"
std::string ScoreText(const Interval& interval);

// A fraction as a percentage: .9721 -> "97.2%".
std::string PercentText(double share);

// A percentage with two significant digits below 1%: .000123 -> "0.012%".
std::string CostPercentText(double share);
std::string CostPercentText(std::optional<double> share);  // kNoNumber if absent

// "97.2% [95.1, 99.0]"; without the interval if an end is absent; kNoNumber if the share is absent.
std::string PercentText(std::optional<double> share, std::optional<double> low,
                        std::optional<double> high);

// "9.88", "987.6", "12346"
std::string SecondsText(double seconds);

// "412 MiB", "1.50 GiB"
std::string BytesText(int64_t bytes);

// With commas: "1,234,567".
std::string CountText(int64_t n);

// "1 thread", "2 threads"
std::string CountText(double n, absl::string_view noun);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_NUMBER_TEXT_H_
