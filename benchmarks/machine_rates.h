// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_MACHINE_RATES_H_
#define ATTRIBENCH_BENCHMARKS_MACHINE_RATES_H_

namespace attribench {

// What this process can reach on this machine, as it is at the moment: each the median of nine.
struct MachineRates {
  double flops_per_second = 0;  // of a float32 matrix product, 1,024 x 1,024
  double bytes_per_second = 0;  // read and written by a copy of 256 MiB

  static MachineRates Measure();

  // The least time that so much arithmetic and so much traffic with memory take: the longer of the
  // two, since they can overlap.
  double FloorSeconds(double flops, double bytes) const;
};

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_MACHINE_RATES_H_
