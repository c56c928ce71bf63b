# SPDX-License-Identifier: Apache-2.0
"""attribution_method, the rule that adds a method."""

load("//methods:method_results.bzl", "method_results")
load("//methods:run_program.bzl", "run_program")
load("//datasets:macro_arguments.bzl", "labels_mistake", "name_mistake", "setting_part", "settings_mistake", "target_name")
load("//datasets/settings:settings.bzl", "SETTINGS")

def method_mistake(name, srcs, hyperparameters, deps = [], settings = []):
    """The first mistake in the arguments of attribution_method, as a sentence; None if there is none."""
    mistake = (name_mistake("attribution_method", name) or
               labels_mistake("attribution_method", name, "srcs", srcs, ".cc"))
    if mistake:
        return mistake
    if type(hyperparameters) != "string" or not hyperparameters.endswith(".textproto"):
        return "attribution_method %s: hyperparameters is %r, must be the label of one .textproto (see methods/hyperparameters.proto)" % (name, hyperparameters)
    for attribute, labels in [("deps", deps), ("settings", settings)]:
        if type(labels) != "list":
            return "attribution_method %s: %s is %r, must be a list of labels" % (name, attribute, labels)
    return settings_mistake("attribution_method", name, settings, SETTINGS)

def attribution_method(name, srcs, hyperparameters, deps = [], settings = [], visibility = ["//visibility:public"], **kwargs):
    """Defines an attribution method.

    The targets are:
      `:<name>`: a library that registers the method in every program that links it;
      `:<name>_conformance_test`: a test of what every method must do;
      `:<name>_run`: a program that runs the method in a setting;
      `:<name>_<setting>_result`: the result of this program, for each setting; `manual`;
      `:<name>_speed`: a Google Benchmark suite.

    Args:
      name: the method's name in tables and flags.
      srcs: C++ sources; one of them has ATTRIBENCH_REGISTER_METHOD(<name>, Class).
      hyperparameters: label of one .textproto of attribench.HyperparameterSpace.
      deps: libraries of the sources, except //methods:attribution_method and //methods:registry.
      settings: labels of model_zoo targets of other workspaces, to get results for.
      visibility: visibility of the library and the results.
      **kwargs: other arguments of the library.
    """
    mistake = method_mistake(name, srcs, hyperparameters, deps, settings)
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
        visibility = visibility,
        deps = deps + [
            "@attribench//:attribution_method",
            "@attribench//:registry",
        ],
        **kwargs
    )
    native.cc_test(
        name = name + "_conformance_test",
        size = "small",
        args = ["--method=" + name],
        tags = ["conformance"],
        deps = [
            ":" + name,
            "@attribench//:conformance",
        ],
    )

    # The programs link evaluators and benchmarks, which libraries of methods must not depend on.
    run_program(
        name = name + "_run",
        tags = ["manual"],
        visibility = visibility,
        deps = [
            ":" + name,
            "@attribench//evaluators/tuners",
        ],
    )
    for setting in ["@attribench//datasets:" + setting for setting in SETTINGS] + settings:
        method_results(
            name = "%s_%s_result" % (name, target_name(setting)),
            data = setting_part(setting, "data"),
            run = ":%s_run" % name,
            setting = setting_part(setting, "setting"),
            tags = ["manual"],
            threads = 1,  # many of these actions run at the same time
            visibility = visibility,
            zoo = setting_part(setting, "zoo"),
        )
    native.cc_binary(
        name = name + "_speed",
        data = ["@attribench//datasets:zoos"],
        tags = [
            "manual",
            "speed",
        ],
        deps = [
            ":" + name,
            "@attribench//:speed_main",
        ],
    )
