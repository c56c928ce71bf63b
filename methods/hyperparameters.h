// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_HYPERPARAMETERS_H_
#define ATTRIBENCH_METHODS_HYPERPARAMETERS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "methods/damping.h"
#include "methods/hyperparameters.pb.h"

namespace attribench {

// Writes each `named_grid` out as `grid`. InvalidArgument for an unknown name (the message lists
// the known ones), for a hyperparameter that is not a damping in the unit of the named grid, and
// for one that lists a grid of its own too. The registry does this for every method, so readers of
// a registered space find all values in `grid`.
absl::Status ExpandNamedGrids(HyperparameterSpace& space);

// The grid "relative_damping".
std::vector<Damping> RelativeDampingGrid();

// OK if every hyperparameter has a name, a kind, and a default and a grid within its bounds; grids
// of numbers ascend; at most one hyperparameter is a damping; and every variant sets known
// hyperparameters to allowed values. Else InvalidArgument, which names the first mistake.
absl::Status ValidateSpace(const HyperparameterSpace& space);

// The hyperparameter of kind DAMPING, or null.
const Hyperparameter* DampingOf(const HyperparameterSpace& space);

// One point of a space: a value for every hyperparameter. For the damping this is the default;
// tuners may ask for scores at any other damping.
class Hyperparameters {
 public:
  // The defaults, with `overrides` replacing some of them. InvalidArgument for an unknown
  // hyperparameter (the message lists the known ones) and for a value out of bounds.
  static absl::StatusOr<Hyperparameters> Make(const HyperparameterSpace& space,
                                              const std::map<std::string, std::string>& overrides);

  // The same point with another value of one hyperparameter. Errors as Make.
  absl::StatusOr<Hyperparameters> With(const std::string& name, const std::string& value) const;

  // The value of a hyperparameter. The space declares its kind. Asking for another kind, or for a
  // name that the space does not have, is a bug in the method and ends the program.
  int64_t Integer(const std::string& name) const;
  double Real(const std::string& name) const;
  const std::string& Choice(const std::string& name) const;

  // DefaultDamping, DampingGrid and DefaultTuners may be called only if HasDamping().
  Damping DefaultDamping() const;
  std::vector<Damping> DampingGrid() const;
  // Names of tuners; see default_tuners in hyperparameters.proto.
  std::vector<std::string> DefaultTuners() const;
  bool HasDamping() const;

  const std::map<std::string, std::string>& values() const { return values_; }

 private:
  const std::string& Value(const std::string& name, Hyperparameter::Kind kind) const;

  HyperparameterSpace space_;
  std::map<std::string, std::string> values_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_HYPERPARAMETERS_H_
