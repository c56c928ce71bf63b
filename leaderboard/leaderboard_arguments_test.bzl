# SPDX-License-Identifier: Apache-2.0
"""Tests the messages of leaderboard about bad arguments."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":leaderboard.bzl", "leaderboard_mistake")

def _leaderboard_arguments_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, leaderboard_mistake("mine", ["//m"], ["//s"], ["//t"]))
    for arguments, part in [
        (("mine", [], ["//s"], ["//t"]), "methods is [], must be a list of at least one attribution_method"),
        (("mine", ["//m"], "//s", ["//t"]), "settings is \"//s\", must be a list of at least one model_zoo"),
        (("mine", ["//m"], ["//s"], []), "tuners is [], must be a list of at least one tuner"),
        (("mine", ["//m"], ["//a:s", "//b:s"], ["//t"]), "two of them have the same name"),
        (("mine", ["//m"], ["@attribench//dataset:s"], ["//t"]), "no setting of Attribench"),
    ]:
        mistake = leaderboard_mistake(*arguments)
        asserts.true(env, mistake != None and part in mistake, "%r: %r" % (arguments, mistake))
    return unittest.end(env)

leaderboard_arguments_test = unittest.make(_leaderboard_arguments_test_impl)
