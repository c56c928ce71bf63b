// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/paired_bootstrap.h"

#include <algorithm>
#include <random>

namespace attribench {
namespace {

constexpr int kCut = PairedBootstrap::kResamples / 40;  // 2.5% at each end
constexpr uint64_t kSeed = 20250601;

// Uniform on {0, ..., bound - 1}.
uint64_t Below(uint64_t bound, std::mt19937_64& engine) {
  const uint64_t excess = (-bound) % bound;  // 2^64 mod bound
  uint64_t x;
  do {
    x = engine();
  } while (x < excess);
  return x % bound;
}

}  // namespace

PairedBootstrap::PairedBootstrap(int num_tests)
    : num_tests_(num_tests), times_drawn_(static_cast<size_t>(kResamples) * num_tests) {
  std::mt19937_64 engine(kSeed);
  for (int b = 0; b < kResamples; ++b) {
    for (int i = 0; i < num_tests; ++i) {
      ++times_drawn_[static_cast<size_t>(b) * num_tests + Below(num_tests, engine)];
    }
  }
}

std::vector<double> PairedBootstrap::Means(absl::Span<const double> values) const {
  std::vector<double> means(kResamples);
  const uint32_t* times = times_drawn_.data();
  for (double& mean : means) {
    double sum = 0;
    for (const double value : values) sum += *times++ * value;
    mean = sum / num_tests_;
  }
  return means;
}

std::pair<double, double> PercentileInterval(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[kCut], values[values.size() - 1 - kCut]};
}

bool ClearlyAbove(const std::vector<double>& a, const std::vector<double>& b) {
  int not_above = 0;
  for (size_t i = 0; i < a.size(); ++i) not_above += !(a[i] > b[i]);
  return not_above <= kCut;
}

}  // namespace attribench
