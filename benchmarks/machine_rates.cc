// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/machine_rates.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/clock.h"

namespace attribench {
namespace {

double MedianSeconds(const std::function<void()>& work) {
  work();  // warms up: memory is touched and libraries initialise
  std::vector<double> seconds;
  for (int i = 0; i < 9; ++i) {
    const double start = WallSeconds();
    work();
    seconds.push_back(WallSeconds() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[4];
}

}  // namespace

MachineRates MachineRates::Measure() {
  constexpr int64_t kSide = 1024, kNumbers = int64_t{64} << 20;
  const at::Tensor a = at::rand({kSide, kSide}), b = at::rand({kSide, kSide});
  at::Tensor product = at::empty({kSide, kSide});
  MachineRates rates;
  rates.flops_per_second =
      2.0 * kSide * kSide * kSide / MedianSeconds([&] { at::matmul_out(product, a, b); });
  const at::Tensor source = at::ones({kNumbers});
  at::Tensor copy = at::empty({kNumbers});
  rates.bytes_per_second = 2.0 * 4 * kNumbers / MedianSeconds([&] { copy.copy_(source); });
  return rates;
}

double MachineRates::FloorSeconds(double flops, double bytes) const {
  return std::max(flops / flops_per_second, bytes / bytes_per_second);
}

}  // namespace attribench
