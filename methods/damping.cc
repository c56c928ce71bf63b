// SPDX-License-Identifier: Apache-2.0
#include "methods/damping.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace attribench {

absl::StatusOr<double> AbsoluteDamping(const Damping& damping, double trace, double dimension) {
  if (!(damping.value >= 0) || std::isinf(damping.value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("damping is ", damping.value, ", must be finite and at least 0"));
  }
  if (damping.unit != ABSOLUTE && damping.value > 0 && trace == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "damping is ", ToString(damping),
        ", but the curvature is 0: gradients vanish at this checkpoint; give an absolute damping"));
  }
  switch (damping.unit) {
    case RELATIVE_TO_MEAN_EIGENVALUE:
      return damping.value * trace / dimension;
    case RELATIVE_TO_TRACE:
      return damping.value * trace;
    default:
      return damping.value;
  }
}

std::string ToString(const Damping& damping) {
  const std::string value = absl::StrFormat("%.4g", damping.value);
  switch (damping.unit) {
    case RELATIVE_TO_MEAN_EIGENVALUE:
      return value + " x mean eigenvalue";
    case RELATIVE_TO_TRACE:
      return value + " x trace";
    default:
      return value;
  }
}

}  // namespace attribench
