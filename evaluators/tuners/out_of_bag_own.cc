// SPDX-License-Identifier: Apache-2.0
//
// out_of_bag: the models are those of the method's own ensemble, and none is trained.
#include "evaluators/tuners/out_of_bag_tuner.h"

namespace attribench {
namespace {

[[maybe_unused]] const bool registered =
    RegisterTuner("out_of_bag", std::make_unique<OutOfBagTuner>(0));

}  // namespace
}  // namespace attribench
