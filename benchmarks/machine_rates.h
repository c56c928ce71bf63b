// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_MACHINE_RATES_H_
#define ATTRIBENCH_BENCHMARKS_MACHINE_RATES_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// The speeds that this process reaches on a device of this machine at the moment. Each is the
// median of nine measurements.
struct MachineRates {
  // Of a float32 matrix product, 1,024 x 1,024 on the CPU and 8,192 x 8,192 on a GPU.
  double flops_per_second = 0;
  double bytes_per_second = 0;  // read and written by a copy of 256 MiB

  static MachineRates Measure(const at::Device& device = at::kCPU);

  // The least time for so many flops and so many bytes of memory traffic. Arithmetic and traffic
  // can overlap, so it is the time of the slower of the two.
  double FloorSeconds(double flops, double bytes) const;
};

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_MACHINE_RATES_H_
