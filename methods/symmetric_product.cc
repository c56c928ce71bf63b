// SPDX-License-Identifier: Apache-2.0
#include "methods/symmetric_product.h"

#include <algorithm>

#include "ATen/ATen.h"

namespace attribench {

at::Tensor SymmetricProduct(const at::Tensor& rows, Cost& cost) {
  constexpr int64_t kBlock = 512;  // enough for a product at full speed
  const int64_t d = rows.size(1);
  at::Tensor product = at::empty({d, d}, rows.options());
  for (int64_t first = 0; first < d; first += kBlock) {
    const int64_t end = std::min(d, first + kBlock);
    at::Tensor block = product.slice(0, first, end).slice(1, first);
    at::mm_out(block, rows.slice(1, first, end).t(), rows.slice(1, first));
    product.slice(0, end).slice(1, first, end).copy_(block.slice(1, end - first).t());
    cost.flops += 2.0 * static_cast<double>(rows.size(0) * block.numel());
  }
  return product;
}

}  // namespace attribench
