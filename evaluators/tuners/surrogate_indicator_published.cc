// SPDX-License-Identifier: Apache-2.0
//
// surrogate_indicator: the published rule, with the level 0.5 ("Taming hyperparameter sensitivity
// in data attribution", arXiv 2505.24261, section 4).
#include "evaluators/tuners/surrogate_indicator_tuner.h"

namespace attribench {
namespace {

[[maybe_unused]] const bool registered =
    RegisterTuner("surrogate_indicator", std::make_unique<SurrogateIndicatorTuner>(.5));

}  // namespace
}  // namespace attribench
