# SPDX-License-Identifier: Apache-2.0
"""Tests of the messages of attribution_method for wrong arguments."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":method.bzl", "method_mistake")

def _method_arguments_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, method_mistake("my_method2", ["a.cc"], "a.textproto"))
    for arguments, part in [
        (("", ["a.cc"], "a.textproto"), "must start with a lower-case letter"),
        (("2nd", ["a.cc"], "a.textproto"), "must start with a lower-case letter"),
        (("My", ["a.cc"], "a.textproto"), "must start with a lower-case letter"),
        (("my-method", ["a.cc"], "a.textproto"), "not '-'"),
        (("my_method", [], "a.textproto"), "at least one .cc"),
        (("my_method", "a.cc", "a.textproto"), "must be a list"),
        (("my_method", ["a.cc"], "a.txt"), "one .textproto"),
        (("my_method", ["a.cc"], None), "one .textproto"),
        (("my_method", ["a.cc"], "a.textproto", "//b"), "deps is"),
        (("my_method", ["a.cc"], "a.textproto", [], ":bars_mlp"), "settings is"),
        (("my_method", ["a.cc"], "a.textproto", [], ["@attribench//methods:glyphs_mlp"]), "no setting of Attribench"),
    ]:
        mistake = method_mistake(*arguments)
        asserts.true(env, mistake != None and part in mistake, "%r: %r" % (arguments, mistake))
    return unittest.end(env)

method_arguments_test = unittest.make(_method_arguments_test_impl)
