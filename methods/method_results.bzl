# SPDX-License-Identifier: Apache-2.0
"""method_results, a rule that runs methods in a setting."""

def _method_results_impl(ctx):
    results = ctx.actions.declare_directory(ctx.label.name)
    manifests = [file for file in ctx.files.zoo if file.basename == "manifest.textproto"]
    if len(manifests) != 1:
        fail("%s: setting %s has no zoo; make it with: bazel run %s" % (
            ctx.label,
            ctx.file.setting.basename,
            str(ctx.attr.zoo.label)[:-len("zoo")] + "retrain",
        ))
    arguments = ctx.actions.args()
    arguments.add(results.path)
    arguments.add(ctx.executable.run)
    arguments.add(ctx.file.setting, format = "--setting=%s")
    arguments.add(manifests[0].dirname, format = "--zoo=%s")
    arguments.add(ctx.files.data[0].dirname + "/..", format = "--data_root=%s")
    arguments.add(ctx.attr.threads, format = "--threads=%s")
    if ctx.attr.variants:
        arguments.add_joined(ctx.attr.variants, join_with = ",", format_joined = "--methods=%s")
    ctx.actions.run_shell(
        outputs = [results],
        inputs = [ctx.file.setting] + ctx.files.zoo + ctx.files.data,
        tools = [ctx.attr.run[DefaultInfo].files_to_run],
        arguments = [arguments],
        command = 'results=$1; shift; "$@" --output="$results" 2> "$results.log" || { cat "$results.log" >&2; exit 1; }',
        mnemonic = "RunMethods",
        progress_message = "Running methods for %s" % ctx.label,
    )
    return [DefaultInfo(files = depset([results]), runfiles = ctx.runfiles(files = [results]))]

method_results = rule(
    implementation = _method_results_impl,
    attrs = {
        "data": attr.label(mandatory = True, allow_files = True),
        "run": attr.label(mandatory = True, executable = True, cfg = "target", doc = "program that links //benchmarks:run_main"),
        "setting": attr.label(mandatory = True, allow_single_file = [".textproto"]),
        "threads": attr.int(default = 0, doc = "number of threads; 0: one per core"),
        "variants": attr.string_list(doc = "what to run; by default everything but controls"),
        "zoo": attr.label(mandatory = True, allow_files = True),
    },
    doc = "Makes a folder with <setting>/<method>.textproto (benchmarks/result.proto) for each method in the program.",
)
