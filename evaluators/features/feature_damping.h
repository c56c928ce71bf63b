// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_FEATURES_FEATURE_DAMPING_H_
#define ATTRIBENCH_EVALUATORS_FEATURES_FEATURE_DAMPING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/features/feature_files.h"
#include "evaluators/tuners/held_out_split.h"
#include "evaluators/tuners/tuner.h"
#include "methods/damping.h"

namespace attribench {

struct FeatureOptions {
  // Each group of columns is damped and inverted by itself, with the same multiple of its own mean
  // eigenvalue: a block-diagonal matrix. Else all groups are one matrix.
  bool blocks = false;
  double fraction = kHeldOutFraction;  // of the training rows, for the held-out criterion
  int64_t most_tests = 1000;           // the first so many test rows count
  double working_bytes = 256 << 20;    // for rows of features that are in memory at a time
};

// One block of F = (1/n) sum_i g_i g_i', the mean over all training rows.
struct FeatureBlock {
  std::string name;
  int64_t dimension = 0;
  double mean_eigenvalue = 0;  // its trace over its dimension
};

// A damping for (F + lambda I)^-1, chosen from features alone: nothing is retrained.
struct FeatureDamping {
  TunedPoint point;  // relative to the mean eigenvalue, with the criterion's curve
  std::vector<FeatureBlock> blocks;
};

// By the held-out criterion (methods/curvature/held_out_criterion.h), the mean over kHeldOutDraws
// draws and the test rows: what the tuner held_out does for a method with these features. Dampings
// ascend, are above 0 and relative to the mean eigenvalue.
//
// The files are read twice at most, in parts. The decomposed matrix has as many rows as there are
// fitted examples, or as a block has columns, if these are fewer.
//
// InvalidArgument if test rows have other groups, or if there are fewer than 8 training rows;
// errors also as FeatureFiles::Read and DecomposeSymmetric.
absl::StatusOr<FeatureDamping> HeldOutDamping(const FeatureFiles& train, const FeatureFiles& test,
                                              const std::vector<Damping>& dampings,
                                              const FeatureOptions& options);

// By the published surrogate indicator at its level of 0.5
// (evaluators/tuners/surrogate_indicator.h), from the spectrum of all training rows.
// InvalidArgument, besides, if options.blocks is set with several groups, or if training rows and
// columns are both more than kMostSpectrumRows.
inline constexpr int64_t kMostSpectrumRows = 20000;
absl::StatusOr<FeatureDamping> SurrogateDamping(const FeatureFiles& train, const FeatureFiles& test,
                                                const std::vector<Damping>& dampings,
                                                const FeatureOptions& options);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_FEATURES_FEATURE_DAMPING_H_
