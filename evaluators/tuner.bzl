# SPDX-License-Identifier: Apache-2.0
"""The one rule by which a tuner is added."""

def tuner(name, srcs, deps = [], **kwargs):
    """Defines a library that registers a tuner in every program that links it.

    Args:
      name: the target's name.
      srcs: C++ sources; one of them calls RegisterTuner before main.
      deps: what the sources need beyond //evaluators:tuner.
      **kwargs: passed on to the library (visibility, tags).
    """
    native.cc_library(
        name = name,
        srcs = srcs,
        alwayslink = True,
        deps = deps + ["@attribench//evaluators:tuner"],
        **kwargs
    )
