// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_REMOVAL_H_
#define ATTRIBENCH_EVALUATORS_METRICS_REMOVAL_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "evaluators/evaluation_blocks.h"

namespace attribench {

// Does a model get a test example wrong without the training examples that scores call helpful?
// For each of some test examples, the most helpful examples are removed and the model is trained
// again. The margin at this test example should fall more than without as many random examples
// (Hooker et al., NeurIPS 2019, remove and retrain; the brittleness of Ilyas et al., Datamodels,
// ICML 2022, section 4.2).

// How many training examples are removed, as shares of all.
inline constexpr double kRemovedShares[] = {.01, .02, .05, .1, .2};
inline constexpr int64_t kNumRemovalSeeds = 3;
// The sets of random examples for each share. They serve all test examples and methods.
inline constexpr int64_t kNumRandomRemovals = 3;

// The share of n training examples, rounded to the nearest number.
int64_t NumRemoved(double share, int64_t num_train);

// The test examples to look at, ascending: `count` of the block, drawn by RandomStream(1, "removal
// tests"), among those that are right in all of correct [trainings, test] bool. Fewer if there are
// fewer.
std::vector<int64_t> RemovalTests(const at::Tensor& correct, const EvaluationBlock& block,
                                  int64_t count);

// The `count` training examples with the largest scores [train] for one test example, ascending. Of
// equal scores, the lower number comes first.
std::vector<int64_t> MostHelpful(const at::Tensor& scores, int64_t count);

// `count` of the training examples, ascending, by RandomStream(1, "random removal", {draw}). A
// larger count has the examples of a smaller one.
std::vector<int64_t> RandomRemoval(int64_t num_train, int64_t count, int64_t draw);

// What removing did to t test examples, at s shares.
struct RemovalEffect {
  // How much lower the margin is without the most helpful examples than without random ones, means
  // over seeds (and draws): [s, t] float64.
  at::Tensor fall;
  // The smallest share at which most seeds get the test example wrong; 0: none of them. [t]
  std::vector<double> smallest_flip;
};

// margin_helpful [s, t, seeds] and correct_helpful [s, t, seeds] bool, at the test example whose
// helpful examples were removed; margin_random [s, draws, seeds, t].
RemovalEffect EffectOfRemoval(const at::Tensor& margin_helpful, const at::Tensor& correct_helpful,
                              const at::Tensor& margin_random);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_REMOVAL_H_
