# SPDX-License-Identifier: Apache-2.0
"""Tests of the messages about bad arguments of macros, and of the labels of a setting's parts."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":data_repository.bzl", "mirror_mistake")
load(":model_zoo.bzl", "model_zoo_mistake")
load(":macro_arguments.bzl", "labels_mistake", "setting_part", "settings_mistake", "target_name")

def _macro_arguments_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, model_zoo_mistake("bars_mlp", "bars_mlp.textproto", []))
    for arguments, part in [
        (("Bars", "bars.textproto", []), "must start with a lower-case letter"),
        (("bars-mlp", "bars.textproto", []), "not '-'"),
        (("bars", "bars.txt", []), "one .textproto"),
        (("bars", "bars.textproto", "@bars//:files"), "must be a list"),
    ]:
        mistake = model_zoo_mistake(*arguments)
        asserts.true(env, mistake != None and part in mistake, "%r: %r" % (arguments, mistake))
    asserts.true(env, "at least one .cc" in labels_mistake("tuner", "mine", "srcs", [], ".cc"))
    asserts.equals(env, "a", target_name("a"))
    asserts.equals(env, "a", target_name(":a"))
    asserts.equals(env, "a", target_name("//b/a"))
    asserts.equals(env, "a", target_name("@c//b:a"))
    asserts.equals(env, ":a_zoo", setting_part(":a", "zoo"))
    asserts.equals(env, ":a_zoo", setting_part("a", "zoo"))
    asserts.equals(env, "//b/a:a_zoo", setting_part("//b/a", "zoo"))
    asserts.equals(env, "@c//b:a_data", setting_part("@c//b:a", "data"))
    for good in ["", "/data"]:
        asserts.equals(env, None, mirror_mistake(good))
    for relative in ["data", "../data", "~/data"]:
        asserts.true(env, "must be an absolute path" in mirror_mistake(relative))
    known = ["bars", "dots"]
    for setting in ["mine", ":mine", "//mine", "@mine//b:a", "@attribench//datasets:dots"]:
        asserts.equals(env, None, settings_mistake("leaderboard", "board", [setting], known))
    for setting, part in [
        ("@attribench//dataset:dots", "has '@attribench//dataset:dots', which is no setting of Attribench; known are @attribench//datasets:bars, @attribench//datasets:dots"),
        ("@attribench//datasets:lines", "no setting of Attribench"),
        (None, "must be the label of a model_zoo"),
        ("", "must be the label of a model_zoo"),
    ]:
        mistake = settings_mistake("leaderboard", "board", [setting], known)
        asserts.true(env, mistake != None and part in mistake, "%r: %r" % (setting, mistake))
    return unittest.end(env)

macro_arguments_test = unittest.make(_macro_arguments_test_impl)
