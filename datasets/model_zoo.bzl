# SPDX-License-Identifier: Apache-2.0
"""The one rule by which a setting and its zoo are added."""

load(":macro_arguments.bzl", "name_mistake")
load(":retrained_zoo.bzl", "retrained_zoo")

def model_zoo_mistake(name, setting, data):
    """What is wrong with the arguments of model_zoo, as a sentence; None if nothing."""
    mistake = name_mistake("model_zoo", name)
    if mistake:
        return mistake
    if type(setting) != "string" or not setting.endswith(".textproto"):
        return "model_zoo %s: setting is %r, must be one .textproto (see datasets/settings/setting.proto)" % (name, setting)
    if type(data) != "list":
        return "model_zoo %s: data is %r, must be a list of labels of data files" % (name, data)
    return None

def model_zoo(name, setting = None, data = [], zoo = None, tags = [], shards = 8, **kwargs):
    """Defines a setting and what it needs at run time.

    Gives `:<name>_retrain`, the program that makes the zoo (checkpoints and ground truth) in
    zoo/<name>/ of this package, and three groups of files: `:<name>_setting` (the textproto),
    `:<name>_zoo` (what is in that folder, but for the finished trainings of a zoo that is not whole
    yet) and `:<name>_data` (data files). A leaderboard names all of them by the label of `<name>`.
    `:<name>_retrained` is the zoo made anew by Bazel actions.

    Args:
      name: the setting's name, as its textproto has it.
      setting: its textproto; default settings/<name>.textproto.
      data: labels of data files, each in a folder with the name that the setting gives.
      zoo: labels of the zoo's files; default zoo/<name>/** of this package.
      tags: for data files and program; "manual" where data must be fetched first.
      shards: actions that the trainings of `:<name>_retrained` are split into.
      **kwargs: passed on to all four (visibility).
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
        srcs = data or [setting],  # a location cannot be asked of an empty group
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
