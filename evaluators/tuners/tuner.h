// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_TUNER_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_TUNER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/tuners/tuning_problem.h"
#include "methods/damping.h"
#include "methods/registry.h"

namespace attribench {

// One point of the curve by which a tuner chose, such as a mean indicator at a damping.
struct CriterionPoint {
  Damping damping;
  double value = 0;
};

// For TunedPoint::message: "left out 0 and 1e-300: no LDS there". Empty if `dampings` is empty.
std::string LeftOut(const std::vector<Damping>& dampings, const std::string& what);

// How a tuner comes to its choice. Reports compare selectors with searches.
enum class TunerKind {
  kFixedValue,  // a constant: it looks at nothing
  kSearch,      // the best LDS on retrained models
  kSelector,    // a criterion that needs no retrained subsets
};

struct TunedPoint {
  Damping damping;
  std::string message;  // what a reader should know about this choice; may be empty
  // The tuner's criterion over the dampings that it looked at, ascending; empty if it has none.
  std::vector<CriterionPoint> criterion;
  // The tuner that made the choice, if another one did.
  struct Chooser {
    std::string name;
    TunerKind kind;
  };
  std::optional<Chooser> chosen_by = {};
};

// The damping with the highest value of a criterion, one value for each damping of the grid. Values
// that are not finite are left out and named. The message says if it is the first or the last that
// has a value: the best damping may then lie beyond it. DataLoss if no value is finite.
absl::StatusOr<TunedPoint> HighestPoint(const std::vector<Damping>& dampings,
                                        const std::vector<double>& values);

// Chooses a damping.
class Tuner {
 public:
  virtual ~Tuner() = default;
  virtual TunerKind kind() const = 0;
  // Whether the tuner makes sense for the method, by what its file says. If not, the method has no
  // entry of this tuner.
  virtual bool AppliesTo(const MethodVariant&) const { return true; }
  // Unimplemented if the method lacks what the tuner needs.
  virtual absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const = 0;
};

struct RegisteredTuner {
  std::string name;
  const Tuner* tuner;
};

// Every tuner that is linked into the program, by name. InvalidArgument for a name that two have.
absl::StatusOr<std::vector<RegisteredTuner>> RegisteredTuners();
// Called before main by a tuner's .cc.
bool RegisterTuner(std::string name, std::unique_ptr<Tuner> tuner);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_TUNER_H_
