// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_SYMMETRIC_PRODUCT_H_
#define ATTRIBENCH_METHODS_SYMMETRIC_PRODUCT_H_

#include "ATen/core/Tensor.h"
#include "methods/cost_ledger.h"

namespace attribench {

// X'X [d, d] of rows X [r, d]: the sum over rows of their outer products. Of a large one the blocks
// on and above the diagonal are computed and the others are their mirror images, for little more
// than half the operations of a product that knows nothing of its symmetry; `cost` gets those.
at::Tensor SymmetricProduct(const at::Tensor& rows, Cost& cost);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_SYMMETRIC_PRODUCT_H_
