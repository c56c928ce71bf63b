// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FNV_H_
#define ATTRIBENCH_DATASETS_FNV_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace attribench {

// The hash of no bytes at all.
inline constexpr uint64_t kFnv1aOffset = 0xCBF29CE484222325u;

// The 64-bit FNV-1a hash of `bytes` (Fowler, Noll and Vo, www.isthe.com/chongo/tech/comp/fnv). It
// is fast, and not cryptographic.
//
// `hash` is the hash of the bytes before these: Fnv1a(b, Fnv1a(a)) is the hash of a followed by b.
uint64_t Fnv1a(absl::string_view bytes, uint64_t hash = kFnv1aOffset);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FNV_H_
