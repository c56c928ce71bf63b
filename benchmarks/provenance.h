// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_PROVENANCE_H_
#define ATTRIBENCH_BENCHMARKS_PROVENANCE_H_

#include <string>
#include <vector>

#include "benchmarks/result.pb.h"

namespace attribench {

// One thing in which the provenances of two results differ.
struct ProvenanceDifference {
  enum class Of {
    kFiles,    // the zoo or the data: the results measure different things
    kProgram,  // its version: that of its sources
    kBuild,    // its build mode or LibTorch
    kMethod,   // a hyperparameter
  };
  Of of = Of::kFiles;
  std::string what;         // "data digest"
  std::string before, now;  // the value, "none" if there is none; a digest by its first digits
};

// Everything except the date, which always differs: files, program, method, in this order. A digest
// that only one side has is a difference.
std::vector<ProvenanceDifference> CompareProvenance(const Provenance& before,
                                                    const Provenance& now);

// Why `recorded` cannot stand for a result that a run would make now, in one line; empty if it can.
// `now` has the setting, the method, the provenance and the tuners of that result.
std::string ReasonToRunAgain(const MethodResult& recorded, const MethodResult& now);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_PROVENANCE_H_
