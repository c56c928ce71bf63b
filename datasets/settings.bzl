# SPDX-License-Identifier: Apache-2.0
"""Every setting of this repository, with the data files that it needs."""

SETTINGS = {
    "glyphs_mlp": [],
    "mnist_lr": ["@mnist//:files"],
    "mnist_mlp": ["@mnist//:files"],
}
