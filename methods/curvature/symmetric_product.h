// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_SYMMETRIC_PRODUCT_H_
#define ATTRIBENCH_METHODS_CURVATURE_SYMMETRIC_PRODUCT_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "methods/cost_ledger.h"

namespace attribench {

// X'X [d, d] of rows X [r, d]: the sum over rows of their outer products. Of a large one the blocks
// on and above the diagonal are computed and the others are their mirror images, for little more
// than half the operations of a product that knows nothing of its symmetry; `cost` gets those.
at::Tensor SymmetricProduct(const at::Tensor& rows, Cost& cost);

// The same of rows that come some at a time, in float64. They wait until there are d: adding up the
// products of fewer would cost more than making them.
class SymmetricSum {
 public:
  void Add(const at::Tensor& rows, Cost& cost);
  // Of all so far.
  at::Tensor Total(Cost& cost);

 private:
  void AddProduct(const at::Tensor& rows, Cost& cost);

  at::Tensor sum_;      // [d, d]
  at::Tensor waiting_;  // [d, d], rows as columns
  int64_t num_waiting_ = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_SYMMETRIC_PRODUCT_H_
