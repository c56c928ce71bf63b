// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/held_out_split.h"

#include <cmath>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/random_stream.h"

namespace attribench {

std::string HeldOutCurveName(double fraction) {
  return absl::StrCat("held_out ", fraction == kHeldOutFraction ? 0 : fraction);
}

absl::StatusOr<HeldOutSplit> DrawHeldOutSplit(int64_t n, double fraction, int64_t max_held_out,
                                              uint64_t draw) {
  const auto fitted = std::max<int64_t>(2, static_cast<int64_t>(std::floor(fraction * n)));
  if (!(fraction > 0 && fraction < 1) || fitted >= n) {
    return absl::InvalidArgumentError(
        absl::StrCat("a share of ", fraction, " of ", n,
                     " examples to fit to, must be in (0, 1) and leave examples to hold out"));
  }
  const std::vector<int64_t> order = RandomStream(1, "held out", {draw}).Permutation(n);
  const int64_t end = fitted + std::min(n - fitted, max_held_out);
  const auto rows = [&](int64_t first, int64_t last) {
    std::vector<int64_t> part(order.begin() + first, order.begin() + last);
    std::sort(part.begin(), part.end());
    return at::tensor(part, at::kLong);
  };
  return HeldOutSplit{rows(0, fitted), rows(fitted, end), {}, static_cast<int64_t>(draw)};
}

}  // namespace attribench
