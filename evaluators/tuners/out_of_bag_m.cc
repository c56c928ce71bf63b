// SPDX-License-Identifier: Apache-2.0
//
// out_of_bag_2, _3 and _5: that many half-data models are trained to choose the damping.
#include "absl/strings/str_cat.h"
#include "evaluators/tuners/out_of_bag_tuner.h"

namespace attribench {
namespace {

bool RegisterAll() {
  for (const int64_t m : {2, 3, 5}) {
    RegisterTuner(absl::StrCat("out_of_bag_", m), std::make_unique<OutOfBagTuner>(m));
  }
  return true;
}

[[maybe_unused]] const bool registered = RegisterAll();

}  // namespace
}  // namespace attribench
