// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_DAMPING_H_
#define ATTRIBENCH_METHODS_DAMPING_H_

#include <string>

#include "absl/status/statusor.h"
#include "methods/hyperparameters.pb.h"

namespace attribench {

// A damping with its unit: every library in the field means something else by the same letter.
struct Damping {
  double value = 0;
  DampingUnit unit = ABSOLUTE;
};

inline bool operator==(const Damping& a, const Damping& b) {
  return a.value == b.value && a.unit == b.unit;
}
inline bool operator<(const Damping& a, const Damping& b) {
  return a.unit != b.unit ? a.unit < b.unit : a.value < b.value;
}

// The lambda that is added to a matrix of this trace and dimension. InvalidArgument where the value
// is negative or not finite.
absl::StatusOr<double> AbsoluteDamping(const Damping& damping, double trace, double dimension);

// "0.1 x mean eigenvalue", "1e-05".
std::string ToString(const Damping& damping);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_DAMPING_H_
