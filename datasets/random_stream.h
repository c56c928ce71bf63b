// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_RANDOM_STREAM_H_
#define ATTRIBENCH_DATASETS_RANDOM_STREAM_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "absl/strings/string_view.h"

namespace attribench {

// One block of the counter-based generator Philox4x32-10 (Salmon et al., "Parallel random numbers:
// as easy as 1, 2, 3", SC 2011).
std::array<uint32_t, 4> Philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// A stream of random numbers that is the same on every machine and in every version of this
// project. (The generators of libraries change between versions.)
//
// The stream is Philox4x32-10 with a 64-bit key and a counter that starts at 0. The key is a hash
// of the arguments: it starts as the FNV-1a hash of `purpose`; then `seed` and each of `indices`
// are mixed in by xor and the SplitMix64 finaliser. Streams with different arguments are
// independent, so any training can be repeated alone.
class RandomStream {
 public:
  RandomStream(uint64_t seed, absl::string_view purpose,
               std::initializer_list<uint64_t> indices = {});

  uint32_t Next32();
  uint64_t Next64();
  // Uniform on [0, 1), a multiple of 2^-24.
  float UniformFloat() { return (Next32() >> 8) * 0x1p-24f; }
  // Uniform on [0, 1), a multiple of 2^-53.
  double Uniform() { return (Next64() >> 11) * 0x1p-53; }
  // Uniform on {0, ..., bound - 1}, without bias (rejection); bound > 0.
  uint64_t Below(uint64_t bound);
  // Standard normal (polar method).
  double Gaussian();
  // 0, ..., n - 1 in uniformly random order (Fisher-Yates).
  std::vector<int64_t> Permutation(int64_t n);
  // k of the numbers 0, ..., n - 1, drawn without replacement, ascending.
  std::vector<int64_t> Sample(int64_t n, int64_t k);

 private:
  std::array<uint32_t, 2> key_;
  uint64_t block_ = 0;
  std::array<uint32_t, 4> buffer_;
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_RANDOM_STREAM_H_
