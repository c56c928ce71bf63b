# SPDX-License-Identifier: Apache-2.0
"""The one rule by which a tuner is added."""

load("//datasets:macro_arguments.bzl", "labels_mistake", "name_mistake")

def tuner_mistake(name, srcs):
    """What is wrong with the arguments of tuner, as a sentence; None if nothing."""
    return name_mistake("tuner", name) or labels_mistake("tuner", name, "srcs", srcs, ".cc")

def tuner(name, srcs, deps = [], visibility = ["//visibility:public"], **kwargs):
    """Defines a library that registers a tuner in every program that links it.

    Args:
      name: the target's name.
      srcs: C++ sources; one of them calls RegisterTuner before main.
      deps: what the sources need beyond //evaluators/tuners:tuner.
      visibility: of the library.
      **kwargs: passed on to the library.
    """
    mistake = tuner_mistake(name, srcs)
    if mistake:
        fail(mistake)
    native.cc_library(
        name = name,
        srcs = srcs,
        alwayslink = True,
        visibility = visibility,
        deps = deps + ["@attribench//:tuner"],
        **kwargs
    )
