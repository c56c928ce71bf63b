# SPDX-License-Identifier: Apache-2.0
"""A rule that makes a zoo by Bazel actions, one for each part of its trainings."""

def _retrained_zoo_impl(ctx):
    arguments = [
        "--setting=" + ctx.file.setting.path,
        "--data_root=%s/.." % ctx.files.data[0].dirname,
        "--workers=1",
    ]
    parts = []
    for index in range(ctx.attr.shards):
        part = ctx.actions.declare_directory("%s_%d" % (ctx.label.name, index))
        parts.append(part)
        ctx.actions.run(
            outputs = [part],
            inputs = [ctx.file.setting] + ctx.files.data,
            executable = ctx.executable.retrain,
            arguments = arguments + ["--output=" + part.path, "--shard=%d/%d" % (index, ctx.attr.shards)],
            mnemonic = "Retrain",
            progress_message = "Retraining %s, part %d of %d" % (ctx.label, index + 1, ctx.attr.shards),
        )
    zoo = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [zoo],
        inputs = [ctx.file.setting] + ctx.files.data + parts,
        tools = [ctx.executable.retrain],
        command = """
set -e
zoo=$1 retrain=$2
shift 2
mkdir -p "$zoo/jobs"
while [ "$1" != -- ]; do cp "$1"/jobs/*.safetensors "$zoo/jobs"; shift; done
shift
exec "$retrain" --output="$zoo" "$@"
""",
        arguments = [zoo.path, ctx.executable.retrain.path] + [part.path for part in parts] + ["--"] + arguments,
        mnemonic = "AssembleZoo",
        progress_message = "Assembling %s" % ctx.label,
    )
    return [DefaultInfo(files = depset([zoo]))]

retrained_zoo = rule(
    implementation = _retrained_zoo_impl,
    attrs = {
        "data": attr.label(mandatory = True, allow_files = True),
        "retrain": attr.label(default = "@attribench//datasets/zoo:retrain", executable = True, cfg = "target"),
        "setting": attr.label(mandatory = True, allow_single_file = [".textproto"]),
        "shards": attr.int(default = 8, doc = "Number of actions that share the trainings."),
    },
    doc = "A folder with the zoo of a setting, trained from scratch. Remote caches and remote execution work as for any Bazel action.",
)
