# SPDX-License-Identifier: Apache-2.0
"""Checks of the arguments of macros, and the labels of the parts of a setting."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"

def name_mistake(macro, name):
    """Says in one sentence what is wrong with the name of a method, setting or tuner; None if it is good."""
    if type(name) != "string" or not name or name[0] not in _LETTERS:
        return "%s: name is %r, must start with a lower-case letter" % (macro, name)
    for character in name.elems():
        if character not in _LETTERS + "0123456789_":
            return "%s: name is '%s', may hold lower-case letters, digits and _ only, not '%s'" % (macro, name, character)
    return None

def labels_mistake(macro, name, attribute, labels, what):
    """Says in one sentence what is wrong with a list of labels of `what`; None if it is good."""
    if type(labels) != "list" or not labels:
        return "%s %s: %s is %r, must be a list of at least one %s" % (macro, name, attribute, labels, what)
    return None

def target_name(label):
    """The target's name in a label: "mnist_mlp" in "@attribench//datasets:mnist_mlp"."""
    return label.split(":")[-1].split("/")[-1]

def settings_mistake(macro, name, settings, known):
    """Says in one sentence which label in `settings` is of no setting; None if all may be right.

    Args:
      macro: the macro's name.
      name: the target's name.
      settings: labels of model_zoo targets.
      known: the names of this project's settings.
    """
    ours = "@attribench//datasets:"
    for setting in settings:
        if type(setting) != "string" or not setting:
            return "%s %s: a setting is %r, must be the label of a model_zoo" % (macro, name, setting)
        if setting.startswith("@attribench//") and setting not in [ours + one for one in known]:
            return "%s %s: settings has '%s', which is no setting of Attribench; known are %s" % (
                macro,
                name,
                setting,
                ", ".join([ours + one for one in known]),
            )
    return None

def setting_part(setting, part):
    """The label of one part ("setting", "zoo" or "data") of the model_zoo with the label `setting`.

    A label without colon is a target of the same package if it has no slash ("bars_mlp"), else the
    target with the name of its package ("//bars" is "//bars:bars").
    """
    if ":" not in setting:
        setting = "%s:%s" % (setting if "/" in setting else "", target_name(setting))
    return "%s_%s" % (setting, part)
