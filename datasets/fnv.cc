// SPDX-License-Identifier: Apache-2.0
#include "datasets/fnv.h"

namespace attribench {

uint64_t Fnv1a(absl::string_view bytes, uint64_t hash) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3u;
  }
  return hash;
}

}  // namespace attribench
