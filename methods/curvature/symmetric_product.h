// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_SYMMETRIC_PRODUCT_H_
#define ATTRIBENCH_METHODS_CURVATURE_SYMMETRIC_PRODUCT_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "methods/cost_ledger.h"

namespace attribench {

// X'X [d, d] for rows X [r, d]: the sum of the rows' outer products. For large d, only the blocks
// on and above the diagonal are computed; the others are their mirror images. This takes little
// more than half the operations of a general product. Adds the operations to `cost`.
at::Tensor SymmetricProduct(const at::Tensor& rows, Cost& cost);

// The same for rows that arrive block by block, summed in float64. Products are computed in the
// rows' type. Rows are buffered until d have arrived: with fewer rows per product, adding up the
// products would cost more than computing them.
class SymmetricSum {
 public:
  void Add(const at::Tensor& rows, Cost& cost);
  // X'X of all rows so far; undefined if there were none.
  at::Tensor Total(Cost& cost);

 private:
  void AddProduct(const at::Tensor& rows, Cost& cost);

  at::Tensor sum_;     // [d, d]
  at::Tensor buffer_;  // [d, d]; its columns are rows that were not multiplied yet
  int64_t num_buffered_ = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_SYMMETRIC_PRODUCT_H_
