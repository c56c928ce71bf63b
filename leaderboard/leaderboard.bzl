# SPDX-License-Identifier: Apache-2.0
"""A leaderboard as a build target."""

load("//methods:method_results.bzl", "method_results")
load("//methods:run_program.bzl", "run_program")
load("//datasets:macro_arguments.bzl", "labels_mistake", "setting_part", "settings_mistake", "target_name")
load("//datasets/settings:settings.bzl", "SETTINGS")

def _leaderboard_of_results_impl(ctx):
    outputs = [
        ctx.actions.declare_file("%s/%s" % (ctx.label.name, file))
        for file in ["LEADERBOARD.md", "leaderboard.json"]
    ]
    arguments = ctx.actions.args()
    arguments.add_joined(ctx.files.results, join_with = ",", format_joined = "--results=%s", expand_directories = False)
    arguments.add(outputs[0].dirname, format = "--output=%s")
    ctx.actions.run_shell(
        outputs = outputs,
        inputs = ctx.files.results,
        tools = [ctx.attr._leaderboard[DefaultInfo].files_to_run],
        arguments = [ctx.executable._leaderboard.path, arguments],
        command = '"$@" > /dev/null',
        mnemonic = "Leaderboard",
        progress_message = "Ranking for %s" % ctx.label,
    )
    return [DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(outputs))]

leaderboard_of_results = rule(
    implementation = _leaderboard_of_results_impl,
    attrs = {
        "results": attr.label_list(mandatory = True, allow_files = True, doc = "results, or folders of them"),
        "_leaderboard": attr.label(default = "//leaderboard", executable = True, cfg = "target"),
    },
    doc = "<name>/LEADERBOARD.md and <name>/leaderboard.json.",
)

def _page_of_results_impl(ctx):
    page, json = [ctx.actions.declare_file("%s/%s" % (ctx.label.name, file)) for file in ["index.html", "leaderboard.json"]]
    arguments = ctx.actions.args()
    arguments.add_joined(ctx.files.results, join_with = ",", format_joined = "--results=%s", expand_directories = False)
    arguments.add_joined(ctx.files.sensitivity, join_with = ",", format_joined = "--sensitivity=%s", expand_directories = False)
    arguments.add_joined(ctx.files.removal, join_with = ",", format_joined = "--removal=%s", expand_directories = False)
    arguments.add(page.dirname, format = "--output=%s")
    ctx.actions.run_shell(
        outputs = [page, json],
        inputs = ctx.files.results + ctx.files.sensitivity + ctx.files.removal,
        tools = [ctx.attr._page[DefaultInfo].files_to_run],
        arguments = [ctx.executable._page.path, arguments],
        command = '"$@" > /dev/null',
        mnemonic = "LeaderboardPage",
        progress_message = "Writing the page of %s" % ctx.label,
    )
    outputs = [page, json]
    for document in ctx.files.documents:
        copy = ctx.actions.declare_file("%s/%s" % (ctx.label.name, document.basename))
        ctx.actions.run_shell(outputs = [copy], inputs = [document], arguments = [document.path, copy.path], command = 'cp "$1" "$2"')
        outputs.append(copy)
    return [DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(outputs))]

page_of_results = rule(
    implementation = _page_of_results_impl,
    attrs = {
        "results": attr.label_list(mandatory = True, allow_files = True, doc = "results, or folders of them"),
        "sensitivity": attr.label_list(allow_files = True, doc = "sensitivity studies of these settings"),
        "removal": attr.label_list(allow_files = True, doc = "removal studies of these settings"),
        "documents": attr.label_list(allow_files = True, doc = "files to put beside the page"),
        "_page": attr.label(default = "//leaderboard/page", executable = True, cfg = "target"),
    },
    doc = "<name>/index.html and <name>/leaderboard.json.",
)

def leaderboard_mistake(name, methods, settings, tuners):
    """A sentence that says what is wrong with the arguments of leaderboard; None if nothing is wrong."""
    mistake = (labels_mistake("leaderboard", name, "methods", methods, "attribution_method") or
               labels_mistake("leaderboard", name, "settings", settings, "model_zoo") or
               labels_mistake("leaderboard", name, "tuners", tuners, "tuner") or
               settings_mistake("leaderboard", name, settings, SETTINGS))
    if mistake:
        return mistake
    names = [target_name(setting) for setting in settings]
    if len({setting: None for setting in names}) < len(names):
        return "leaderboard %s: settings is %r, and two of them have the same name" % (name, settings)
    return None

def leaderboard(name, methods, settings, tuners = ["@attribench//evaluators/tuners"], tags = [], **kwargs):
    """Runs methods in settings and ranks them.

    The targets are `:<name>` (the files <name>/LEADERBOARD.md and <name>/leaderboard.json),
    `:<name>_page` (its page, <name>_page/index.html), `:<name>_run` (the program that runs the
    methods) and `:<name>_<setting>_results` (its results in each setting).

    Args:
      name: the target's name.
      methods: labels of attribution_method targets, or of libraries that depend on several of them.
      settings: labels of model_zoo targets: "@attribench//datasets:glyphs_mlp".
      tuners: labels of tuner targets; default: every tuner of Attribench.
      tags: tags of the files' target.
      **kwargs: other arguments of the files' target, for example visibility.
    """
    mistake = leaderboard_mistake(name, methods, settings, tuners)
    if mistake:
        fail(mistake)
    run_program(
        name = name + "_run",
        tags = ["manual"],
        deps = methods + tuners,
    )
    for setting in settings:
        method_results(
            name = "%s_%s_results" % (name, target_name(setting)),
            data = setting_part(setting, "data"),
            run = ":%s_run" % name,
            setting = setting_part(setting, "setting"),
            tags = ["manual"],
            zoo = setting_part(setting, "zoo"),
        )
    results = [":%s_%s_results" % (name, target_name(setting)) for setting in settings]
    leaderboard_of_results(
        name = name,
        results = results,
        tags = tags,
        **kwargs
    )
    page_of_results(
        name = name + "_page",
        results = results,
        tags = tags + ["manual"],
        **kwargs
    )
