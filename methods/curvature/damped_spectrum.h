// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_DAMPED_SPECTRUM_H_
#define ATTRIBENCH_METHODS_CURVATURE_DAMPED_SPECTRUM_H_

#include <memory>
#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/spectral_filter.h"

namespace attribench {

// A damped matrix M + lambda I [r, r], what stands on both sides of its inverse, and no
// eigendecomposition yet. The scores are
//   L (M + lambda I)^-1 R,   or   (outside - L (M + lambda I)^-1 R) / lambda   with `outside`.
struct DampedMatrix {
  at::Tensor matrix;   // M: no eigenvalue is below 0, except for rounding
  at::Tensor left;     // L [train, r]; undefined: the identity
  at::Tensor right;    // R [r, test]
  at::Tensor outside;  // [train, test]; may be undefined
  double dimension = 0;
  // For the held-out criterion, if M is the mean of phi_i phi_i' over the training examples i: in
  // the feature form, true; in the kernel form, |phi|^2 of the test examples [test].
  bool is_of_features = false;
  at::Tensor test_squares;
};

// The scores of one group of parameters (all of them, or one layer) at one checkpoint, as a
// function of the eigenvalues mu of the damped matrix:
//   L diag(f(mu)) R + f(0) outside.
// One eigendecomposition serves every damping.
struct DampedSpectrum {
  at::Tensor eigenvalues;     // mu [r] float64, at least 0
  at::Tensor left;            // L [train, r]
  at::Tensor right;           // R [r, test]
  at::Tensor moment_weights;  // w [r] float64, with mu_j (u_j . q)^2 = w_j R_j^2
  double trace = 0;           // of the damped matrix
  double dimension = 0;       // of the damped matrix, eigenvalues of 0 included
  // [train, test]: g_i . q without the part in the span of the eigenvectors. Undefined if 0: the
  // damped matrix is made of the training examples themselves, or is written out in full.
  at::Tensor outside;
  // For one damping (AttributionTask::one_damping): the tensors above are undefined, and this holds
  // what they are made of. Scores at a damping then take a Cholesky factor, r^3 / 3 operations. The
  // eigendecomposition, 9 r^3, is made when something needs it.
  std::optional<DampedMatrix> undecomposed;
  // For the held-out criterion: `left` and `right` are the features in another orthonormal basis;
  // or the kernel that was decomposed.
  bool is_of_features = false;
  std::optional<DampedMatrix> kernel;
};

// Features (gradients, or projections of them) of a task's examples.
struct TaskFeatures {
  at::Tensor train;              // [n, k]
  at::Tensor test;               // [t, k]
  at::Tensor curvature;          // [m, k]; undefined: `train` itself
  at::Tensor curvature_weights;  // [m] float64 with mean 1; undefined: all 1
  bool one_damping = false;      // see AttributionTask

  // `all` holds the features of task.AllExamples(), [., k].
  static TaskFeatures Make(const AttributionTask& task, const at::Tensor& all);
};

// The spectrum of F = (1/m) sum_j w_j phi_j phi_j' over the curvature examples. There are two
// forms. FeatureSpectrum takes the form with the smaller matrix:
//   feature form (k <= m):  F = V diag(mu) V',  L = Phi V,  R = V' phi,  w = mu;
//   kernel form (m < k), if the curvature examples are the training examples:
//       Phi (F + lambda I)^-1 phi = (K + lambda I)^-1 Phi phi,  K = Phi Phi' / n = U diag(mu) U',
//       L = U,  R = U' Phi phi,  w = 1/n;
//   kernel form otherwise, with H = diag(w/m)^(1/2) Phi_curvature and K = H H' = U diag(mu) U':
//       the eigenvectors of F are H' U diag(mu)^(-1/2), and `outside` is not 0.
absl::StatusOr<DampedSpectrum> FeatureSpectrum(const TaskFeatures& features, CostLedger& ledger);

// Kernel form if the curvature examples are the training examples.
struct TrainingKernel {
  at::Tensor kernel;        // K = Phi Phi' / n [n, n]
  at::Tensor cross;         // Phi phi [n, test]
  at::Tensor test_squares;  // |phi|^2 of the test examples [test]; undefined: nothing is held out
  double dimension = 0;     // k
  bool one_damping = false;
};
absl::StatusOr<DampedSpectrum> KernelSpectrum(const TrainingKernel& kernel, CostLedger& ledger);

// Kernel form for any curvature examples. Inner products as they are: neither divided by m nor
// weighted.
struct CurvatureKernel {
  at::Tensor kernel;      // Phi_curvature Phi_curvature' [m, m]
  at::Tensor with_train;  // Phi_curvature Phi' [m, n]
  at::Tensor with_test;   // Phi_curvature phi [m, test]
  at::Tensor train_test;  // Phi phi [n, test]
  at::Tensor weights;     // [m] float64 with mean 1; undefined: all 1
  double dimension = 0;   // k
  bool one_damping = false;
};
absl::StatusOr<DampedSpectrum> KernelSpectrum(const CurvatureKernel& kernel, CostLedger& ledger);

// Feature form of any symmetric matrix [k, k]; eigenvalues below 0 count as 0. train [n, k], test
// [t, k]. `one_damping` must be false if the matrix may have eigenvalues below 0.
absl::StatusOr<DampedSpectrum> MatrixSpectrum(const at::Tensor& matrix, const at::Tensor& train,
                                              const at::Tensor& test, CostLedger& ledger,
                                              bool one_damping = false);

// The groups of parameters at one checkpoint: one group for all parameters, or one a layer.
using SpectralGroups = std::vector<DampedSpectrum>;

struct DampedAttributionOptions {
  // [train]: row i of the scores is multiplied by train_weights[i]. Undefined: all 1.
  at::Tensor train_weights;
  SpectralFilter filter;  // null: InverseFilter()
};

// Scores are the mean over `checkpoints` of the sum over a checkpoint's groups; so are moments. A
// relative damping is relative to each group's own mean eigenvalue or trace. Errors as the
// filter's.
std::unique_ptr<FittedAttribution> MakeDampedAttribution(std::vector<SpectralGroups> checkpoints,
                                                         DampedAttributionOptions options = {});

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_DAMPED_SPECTRUM_H_
