# SPDX-License-Identifier: Apache-2.0
"""What the macros say of names, and of the labels of a setting's parts."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"

def name_mistake(macro, name):
    """What is wrong with the name of a method, setting or tuner, as a sentence; None if nothing."""
    if type(name) != "string" or not name or name[0] not in _LETTERS:
        return "%s: name is %r, must start with a lower-case letter" % (macro, name)
    for character in name.elems():
        if character not in _LETTERS + "0123456789_":
            return "%s: name is '%s', may hold lower-case letters, digits and _ only, not '%s'" % (macro, name, character)
    return None

def labels_mistake(macro, name, attribute, labels, what):
    """The same of a list of labels."""
    if type(labels) != "list" or not labels:
        return "%s %s: %s is %r, must be a list of at least one %s" % (macro, name, attribute, labels, what)
    return None

def target_name(label):
    """The name in a label: "mnist_mlp" of "@attribench//datasets:mnist_mlp"."""
    return label.split(":")[-1].split("/")[-1]

def setting_part(setting, part):
    """The label of a part ("setting", "zoo" or "data") of the model_zoo target that is `setting`."""
    if ":" not in setting:
        setting = "%s:%s" % (setting, target_name(setting))
    return "%s_%s" % (setting, part)
