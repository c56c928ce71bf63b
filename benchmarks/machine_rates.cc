// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/machine_rates.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/clock.h"
#include "methods/device.h"

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

MachineRates MachineRates::Measure(const at::Device& device) {
  constexpr int64_t kNumbers = int64_t{64} << 20;
  const int64_t side = device.is_cpu() ? 1024 : 8192;
  const at::TensorOptions options = at::TensorOptions().device(device);
  const at::Tensor a = at::ones({side, side}, options), b = at::ones({side, side}, options);
  at::Tensor product = at::empty({side, side}, options);
  MachineRates rates;
  rates.flops_per_second = 2.0 * side * side * side / MedianSeconds([&] {
                             at::matmul_out(product, a, b);
                             Synchronise(device);
                           });
  const at::Tensor source = at::ones({kNumbers}, options);
  at::Tensor copy = at::empty({kNumbers}, options);
  rates.bytes_per_second = 2.0 * 4 * kNumbers / MedianSeconds([&] {
                             copy.copy_(source);
                             Synchronise(device);
                           });
  return rates;
}

double MachineRates::FloorSeconds(double flops, double bytes) const {
  return std::max(flops / flops_per_second, bytes / bytes_per_second);
}

}  // namespace attribench
