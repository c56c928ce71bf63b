# SPDX-License-Identifier: Apache-2.0
"""The macro that adds a setting and its zoo."""

load(":macro_arguments.bzl", "name_mistake")
load(":retrained_zoo.bzl", "retrained_zoo")

def model_zoo_mistake(name, setting, data):
    """Says in one sentence what is wrong with the arguments of model_zoo; None if they are good."""
    mistake = name_mistake("model_zoo", name)
    if mistake:
        return mistake
    if type(setting) != "string" or not setting.endswith(".textproto"):
        return "model_zoo %s: setting is %r, must be one .textproto (see datasets/settings/setting.proto)" % (name, setting)
    if type(data) != "list":
        return "model_zoo %s: data is %r, must be a list of labels of data files" % (name, data)
    return None

def model_zoo(name, setting = None, data = [], zoo = None, tags = [], shards = 8, **kwargs):
    """Defines a setting and the files that it needs at run time.

    Targets:
      :<name>_setting    the textproto
      :<name>_zoo        the zoo's files; without zoo/<name>/jobs/, the trainings of an unfinished zoo
      :<name>_data       the data files
      :<name>_retrain    program that makes the zoo in zoo/<name>/ of this package
      :<name>_retrained  the zoo, trained from scratch by Bazel actions

    A leaderboard takes the label of `<name>` and finds the first three.

    Args:
      name: name of the setting, the same as in its textproto.
      setting: label of the textproto; default settings/<name>.textproto.
      data: labels of the data files, each in the folder that the setting names.
      zoo: labels of the zoo's files; default zoo/<name>/** of this package.
      tags: for the data files and the program; "manual" if data must be fetched first.
      shards: number of actions that share the trainings of `:<name>_retrained`.
      **kwargs: for all five targets, for example visibility.
    """
    setting = setting or "settings/%s.textproto" % name
    mistake = model_zoo_mistake(name, setting, data)
    if mistake:
        fail(mistake)
    native.filegroup(
        name = name + "_setting",
        srcs = [setting],
        **kwargs
    )
    native.filegroup(
        name = name + "_zoo",
        srcs = zoo or native.glob(["zoo/%s/**" % name], exclude = ["zoo/%s/jobs/**" % name]),
        **kwargs
    )
    native.filegroup(
        name = name + "_data",
        srcs = data or [setting],  # $(rootpaths) fails for an empty group
        tags = tags,
        **kwargs
    )
    retrained_zoo(
        name = name + "_retrained",
        data = ":%s_data" % name,
        setting = ":%s_setting" % name,
        shards = shards,
        tags = ["manual"],
        **kwargs
    )
    native.sh_binary(
        name = name + "_retrain",
        srcs = ["@attribench//datasets/zoo:retrain_setting.sh"],
        args = [
            "$(rootpath @attribench//datasets/zoo:retrain)",
            "$(rootpath :%s_setting)" % name,
            native.package_name() + "/zoo/" + name,
            "$(rootpaths :%s_data)" % name,
            "--",
        ],
        data = [
            ":%s_data" % name,
            ":%s_setting" % name,
            "@attribench//datasets/zoo:retrain",
        ],
        tags = tags,
        **kwargs
    )
