// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/symmetric_product.h"

#include <algorithm>

#include "ATen/ATen.h"

namespace attribench {

at::Tensor SymmetricProduct(const at::Tensor& rows, Cost& cost) {
  constexpr int64_t kBlock = 512;  // large enough for matrix products at full speed
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

void SymmetricSum::AddProduct(const at::Tensor& rows, Cost& cost) {
  const at::Tensor product = SymmetricProduct(rows, cost).to(at::kDouble);
  sum_ = sum_.defined() ? sum_.add_(product) : product;
}

void SymmetricSum::Add(const at::Tensor& rows, Cost& cost) {
  const int64_t r = rows.size(0), d = rows.size(1);
  if (r >= d) return AddProduct(rows, cost);
  if (!buffer_.defined()) buffer_ = at::empty({d, d}, rows.options());
  if (num_buffered_ + r > d) Total(cost);  // empties the buffer
  buffer_.slice(1, num_buffered_, num_buffered_ + r).copy_(rows.t());
  num_buffered_ += r;
}

at::Tensor SymmetricSum::Total(Cost& cost) {
  if (num_buffered_ > 0) AddProduct(buffer_.slice(1, 0, num_buffered_).t(), cost);
  num_buffered_ = 0;
  return sum_;
}

}  // namespace attribench
