# SPDX-License-Identifier: Apache-2.0
"""The one rule by which a method is added."""

def attribution_method(name, srcs, hyperparameters, deps = [], **kwargs):
    """Defines an attribution method.

    Gives `:<name>`, a library that registers the method in every program that links it, and
    `:<name>_conformance_test`, which holds it to what every method must do.

    Args:
      name: the method's name, as tables and flags show it.
      srcs: C++ sources; one of them holds ATTRIBENCH_REGISTER_METHOD(<name>, Class).
      hyperparameters: textproto of attribench.HyperparameterSpace.
      deps: what the sources need beyond //methods:attribution_method.
      **kwargs: passed on to the library (visibility, tags).
    """
    native.genrule(
        name = name + "_hyperparameters",
        srcs = [hyperparameters],
        outs = [name + "_hyperparameters.cc"],
        cmd = """(
echo '#include "methods/registry.h"'
echo 'namespace attribench {{'
echo '[[maybe_unused]] static const bool registered = RegisterHyperparameterSpace("{name}", R"textproto('
cat $<
echo ')textproto");'
echo '}}  // namespace attribench'
) > $@""".format(name = name),
    )
    native.cc_library(
        name = name,
        srcs = srcs + [name + "_hyperparameters.cc"],
        alwayslink = True,
        deps = deps + [
            "@attribench//methods:attribution_method",
            "@attribench//methods:registry",
        ],
        **kwargs
    )
    native.cc_test(
        name = name + "_conformance_test",
        size = "small",
        args = ["--method=" + name],
        deps = [
            ":" + name,
            "@attribench//methods:conformance",
        ],
    )
