// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_DAMPING_H_
#define ATTRIBENCH_METHODS_DAMPING_H_

#include <string>

#include "absl/status/statusor.h"
#include "methods/hyperparameters.pb.h"

namespace attribench {

// A damping with its unit. The unit is stored because libraries differ in what they mean by
// "damping": an absolute value, or a multiple of the mean eigenvalue or of the trace.
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

// lambda, the value that is added to the eigenvalues of a matrix with this trace and dimension.
// InvalidArgument if the damping is negative or not finite, FailedPrecondition if it is relative to
// a trace of 0.
absl::StatusOr<double> AbsoluteDamping(const Damping& damping, double trace, double dimension);

// For example "0.1 x mean eigenvalue" or "1e-05".
std::string ToString(const Damping& damping);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_DAMPING_H_
