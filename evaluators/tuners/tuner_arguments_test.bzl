# SPDX-License-Identifier: Apache-2.0
"""Tests of what tuner says about bad arguments."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":tuner.bzl", "tuner_mistake")

def _tuner_arguments_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, tuner_mistake("my_tuner", ["a.cc"]))
    for arguments, part in [
        (("My", ["a.cc"]), "must start with a lower-case letter"),
        (("my tuner", ["a.cc"]), "not ' '"),
        (("my_tuner", []), "at least one .cc"),
        (("my_tuner", "a.cc"), "must be a list"),
    ]:
        mistake = tuner_mistake(*arguments)
        asserts.true(env, mistake != None and part in mistake, "%r: %r" % (arguments, mistake))
    return unittest.end(env)

tuner_arguments_test = unittest.make(_tuner_arguments_test_impl)
