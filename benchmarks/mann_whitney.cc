// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/mann_whitney.h"

#include <cmath>
#include <vector>

namespace attribench {

double MannWhitneyPValue(absl::Span<const double> larger, absl::Span<const double> smaller) {
  const int n = static_cast<int>(larger.size()), m = static_cast<int>(smaller.size());
  double wins = 0;
  for (const double a : larger) {
    for (const double b : smaller) wins += a > b ? 1 : a == b ? .5 : 0;
  }
  // ways[j][u]: the number of orders of i values of `larger` and j values of `smaller` in which
  // `larger` wins u pairs. The largest value of all belongs either to `larger`, and then wins j
  // pairs, or to `smaller`, and then wins none.
  std::vector<std::vector<double>> ways(m + 1, std::vector<double>(n * m + 1, 0));
  for (std::vector<double>& none : ways) none[0] = 1;
  for (int i = 1; i <= n; ++i) {
    for (int j = 1; j <= m; ++j) {
      std::vector<double> both = ways[j - 1];
      for (int u = j; u <= n * m; ++u) both[u] += ways[j][u - j];
      ways[j] = std::move(both);
    }
  }
  double all = 0, as_far = 0;
  for (int u = 0; u <= n * m; ++u) {
    all += ways[m][u];
    if (u >= std::floor(wins)) as_far += ways[m][u];
  }
  return as_far / all;
}

}  // namespace attribench
