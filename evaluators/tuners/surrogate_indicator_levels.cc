// SPDX-License-Identifier: Apache-2.0
//
// The published rule at other levels: surrogate_indicator_0.1, ..._0.2, ..._0.3.
#include "absl/strings/str_cat.h"
#include "evaluators/tuners/surrogate_indicator_tuner.h"

namespace attribench {
namespace {

[[maybe_unused]] const bool registered = [] {
  for (const double level : {.1, .2, .3}) {
    RegisterTuner(absl::StrCat("surrogate_indicator_", level),
                  std::make_unique<SurrogateIndicatorTuner>(level));
  }
  return true;
}();

}  // namespace
}  // namespace attribench
