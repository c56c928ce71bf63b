// SPDX-License-Identifier: Apache-2.0
#include "datasets/random_stream.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "datasets/fnv.h"

namespace attribench {
namespace {

uint64_t SplitMix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

std::array<uint32_t, 4> Philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

RandomStream::RandomStream(uint64_t seed, absl::string_view purpose,
                           std::initializer_list<uint64_t> indices) {
  uint64_t key = SplitMix64(Fnv1a(purpose) ^ seed);
  for (const uint64_t index : indices) key = SplitMix64(key ^ index);
  key_ = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
}

uint32_t RandomStream::Next32() {
  if (used_ == 4) {
    buffer_ =
        Philox({static_cast<uint32_t>(block_), static_cast<uint32_t>(block_ >> 32), 0, 0}, key_);
    ++block_;
    used_ = 0;
  }
  return buffer_[used_++];
}

uint64_t RandomStream::Next64() {
  const uint64_t low = Next32();
  return low | (uint64_t{Next32()} << 32);
}

uint64_t RandomStream::Below(uint64_t bound) {
  const uint64_t excess = (-bound) % bound;  // 2^64 mod bound
  uint64_t x;
  do {
    x = Next64();
  } while (x < excess);
  return x % bound;
}

double RandomStream::Gaussian() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  double u, v, s;
  do {
    u = 2 * Uniform() - 1;
    v = 2 * Uniform() - 1;
    s = u * u + v * v;
  } while (s >= 1 || s == 0);
  const double factor = std::sqrt(-2 * std::log(s) / s);
  spare_ = v * factor;
  has_spare_ = true;
  return u * factor;
}

std::vector<int64_t> RandomStream::Permutation(int64_t n) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[Below(i + 1)]);
  return order;
}

std::vector<int64_t> RandomStream::Sample(int64_t n, int64_t k) {
  std::vector<int64_t> order = Permutation(n);
  order.resize(k);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace attribench
