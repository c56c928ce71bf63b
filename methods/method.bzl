# SPDX-License-Identifier: Apache-2.0
"""The one rule by which a method is added."""

def method_mistake(name, srcs, hyperparameters):
    """What is wrong with the arguments of attribution_method, as a sentence; None if nothing."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    if type(name) != "string" or not name or name[0] not in letters:
        return "attribution_method: name is %r, must start with a lower-case letter" % (name,)
    for character in name.elems():
        if character not in letters + "0123456789_":
            return "attribution_method: name is '%s', may hold lower-case letters, digits and _ only, not '%s'" % (name, character)
    if type(srcs) != "list" or not srcs:
        return "attribution_method %s: srcs is %r, must be a list with at least one .cc" % (name, srcs)
    if type(hyperparameters) != "string" or not hyperparameters.endswith(".textproto"):
        return "attribution_method %s: hyperparameters is %r, must be the label of one .textproto (see methods/hyperparameters.proto)" % (name, hyperparameters)
    return None

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
    mistake = method_mistake(name, srcs, hyperparameters)
    if mistake:
        fail(mistake)
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
