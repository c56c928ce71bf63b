# SPDX-License-Identifier: Apache-2.0
"""The settings of this repository, each with its data files."""

SETTINGS = {
    "cifar10_cnn": ["@cifar-10-batches-bin//:files"],
    "cifar10_resnet9": ["@cifar-10-batches-bin//:files"],
    "cifar2_resnet9": ["@cifar-10-batches-bin//:files"],
    "glyphs_loo": [],
    "glyphs_mlp": [],
    "glyphs_noisy": [],
    "mnist_lr": ["@mnist//:files"],
    "mnist_lr_loo": ["@mnist//:files"],
    "mnist_lr_noisy": ["@mnist//:files"],
    "mnist_mlp": ["@mnist//:files"],
    "mnist_mlp_noisy": ["@mnist//:files"],
    "mnist_wide": ["@mnist//:files"],
}
