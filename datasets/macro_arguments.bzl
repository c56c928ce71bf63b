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

def setting_part(setting, part):
    """The label of one part ("setting", "zoo" or "data") of the model_zoo with the label `setting`."""
    if ":" not in setting:
        setting = "%s:%s" % (setting, target_name(setting))
    return "%s_%s" % (setting, part)
