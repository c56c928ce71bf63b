# SPDX-License-Identifier: Apache-2.0
"""The one rule by which a setting and its zoo are added."""

def model_zoo(name, setting = None, data = [], **kwargs):
    """Defines what a setting needs at run time.

    Gives `:<name>_setting` (its textproto), `:<name>_zoo` (checkpoints and ground truth, made by
    `bazel run //datasets:retrain` into zoo/<name>/) and `:<name>_data` (data files, fetched only by
    who asks for them).

    Args:
      name: the setting's name.
      setting: its textproto; default settings/<name>.textproto.
      data: labels of data files, in repositories named like the folders that the setting names.
      **kwargs: passed on to the three (visibility).
    """
    setting = setting or "settings/%s.textproto" % name
    native.filegroup(
        name = name + "_setting",
        srcs = [setting],
        **kwargs
    )
    native.filegroup(
        name = name + "_zoo",
        srcs = native.glob(["zoo/%s/**" % name]),
        **kwargs
    )
    native.filegroup(
        name = name + "_data",
        srcs = data or [setting],  # a location cannot be asked of an empty group
        tags = ["manual"] if data else [],
        **kwargs
    )
