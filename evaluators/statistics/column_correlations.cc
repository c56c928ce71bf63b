// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/column_correlations.h"

#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"

namespace attribench {
namespace {

// Row `row` of a contiguous [t, m] float64 tensor.
absl::Span<const double> Row(const at::Tensor& matrix, int64_t row) {
  const int64_t length = matrix.size(1);
  return absl::MakeConstSpan(matrix.data_ptr<double>() + row * length, length);
}

}  // namespace

absl::StatusOr<std::vector<ResampledCorrelation>> CorrelateColumns(const at::Tensor& x,
                                                                   const at::Tensor& y,
                                                                   CorrelationKind kind) {
  if (x.dim() != 2 || x.sizes() != y.sizes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot correlate outputs of shapes [", absl::StrJoin(x.sizes(), ", "), "] and [",
        absl::StrJoin(y.sizes(), ", "), "]: both must be [subsets, tests]"));
  }
  const at::Tensor a = x.to(at::kDouble).t().contiguous(), b = y.to(at::kDouble).t().contiguous();
  std::vector<ResampledCorrelation> result;
  for (int64_t t = 0; t < a.size(0); ++t) {
    absl::StatusOr<ResampledCorrelation> correlation =
        ResampledCorrelation::Make(Row(a, t), Row(b, t), kind);
    if (!correlation.ok()) {
      return absl::DataLossError(
          absl::StrCat("test example ", t, ": ", correlation.status().message()));
    }
    result.push_back(*std::move(correlation));
  }
  return result;
}

absl::Status CheckColumnsVary(const at::Tensor& values, const std::string& what,
                              const std::vector<int64_t>& tests) {
  if (values.dim() != 2 || values.size(1) != static_cast<int64_t>(tests.size())) {
    return absl::InvalidArgumentError(absl::StrCat("values are [",
                                                   absl::StrJoin(values.sizes(), ", "),
                                                   "], must be [subsets, ", tests.size(), "]"));
  }
  if (values.numel() == 0) return absl::OkStatus();
  const at::Tensor spread = values.amax(0).sub(values.amin(0));
  const at::Tensor constant = spread.le(values.abs().amax(0).mul(kRounding)).nonzero();
  if (constant.size(0) == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("test example ", tests[constant[0].item<int64_t>()],
                                          ": its ", what, " are the same for all ", values.size(0),
                                          " subsets"));
}

}  // namespace attribench
