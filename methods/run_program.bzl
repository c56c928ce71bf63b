# SPDX-License-Identifier: Apache-2.0
"""run_program, a program that runs methods and knows the version of its sources."""

_LinkedSources = provider("The sources of a target and of all it depends on.", fields = ["files"])

# Repositories of installed libraries. Results name the version of LibTorch by itself.
_INSTALLED = ["libtorch", "system"]

def _linked_sources_impl(target, ctx):
    if target.label.workspace_name in _INSTALLED:
        return [_LinkedSources(files = depset())]
    files = []
    for attribute in ["srcs", "hdrs", "textual_hdrs"]:
        files += getattr(ctx.rule.files, attribute, [])
    deps = [dep for dep in getattr(ctx.rule.attr, "deps", []) if _LinkedSources in dep]
    return [_LinkedSources(files = depset(files, transitive = [dep[_LinkedSources].files for dep in deps]))]

_linked_sources = aspect(
    implementation = _linked_sources_impl,
    attr_aspects = ["deps"],
)

def _program_build_impl(ctx):
    sources = depset(transitive = [dep[_LinkedSources].files for dep in ctx.attr.deps])
    code = ctx.actions.declare_file(ctx.label.name + ".cc")
    listed = ctx.actions.args()
    listed.add_all(sources)
    listed.use_param_file("%s", use_always = True)
    listed.set_param_file_format("multiline")

    # Contents alone count, not paths: the same sources have the same version in every workspace.
    ctx.actions.run_shell(
        outputs = [code],
        inputs = sources,
        arguments = [code.path, ctx.var["COMPILATION_MODE"], listed],
        command = """
set -euo pipefail
version=$(xargs -d '\\n' sha256sum < "$3" | cut -c -64 | LC_ALL=C sort -u | sha256sum | cut -c -64)
cat > "$1" <<CODE
#include "benchmarks/program_build.h"
namespace attribench {
[[maybe_unused]] static const bool registered = RegisterProgramBuild({"$version", "$2"});
}  // namespace attribench
CODE
""",
        mnemonic = "ProgramVersion",
        progress_message = "Computing the version of the sources of %s" % ctx.label,
    )
    return [DefaultInfo(files = depset([code]))]

_program_build = rule(
    implementation = _program_build_impl,
    attrs = {"deps": attr.label_list(aspects = [_linked_sources])},
    doc = "<name>.cc, which registers the SHA-256 of all sources of the deps, and the compilation mode.",
)

def run_program(name, deps, main = "@attribench//:run_main", testonly = False, **kwargs):
    """Defines a program that runs methods in a setting. Its results name the version of its sources.

    Args:
      name: the program's name.
      deps: labels of methods and tuners.
      main: label of the library with the main function.
      testonly: whether only tests may use it.
      **kwargs: other arguments of the program, for example tags.
    """
    _program_build(
        name = name + "_build",
        testonly = testonly,
        tags = ["manual"],
        deps = deps + [main],
    )
    native.cc_binary(
        name = name,
        srcs = [":%s_build" % name],
        data = ["@attribench//datasets:zoos"],
        testonly = testonly,
        deps = deps + [
            main,
            "@attribench//:program_build",
        ],
        **kwargs
    )
