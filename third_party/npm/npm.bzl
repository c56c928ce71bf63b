# SPDX-License-Identifier: Apache-2.0
"""Packages of the npm registry as a repository."""

def _npm_repository_impl(repository_ctx):
    npm = repository_ctx.which("npm")
    if npm == None:
        fail("npm is not installed; ci/setup.sh installs it. It fetches the packages of @%s." % repository_ctx.name)
    for file in [repository_ctx.attr.package, repository_ctx.attr.lock]:
        repository_ctx.file(file.name, repository_ctx.read(file))
    result = repository_ctx.execute([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], timeout = 300)
    if result.return_code != 0:
        fail("npm cannot fetch the packages of @%s (third_party/npm/%s); is its registry reachable from here?\n%s" %
             (repository_ctx.name, repository_ctx.attr.package.package.split("/")[-1], result.stderr))
    repository_ctx.file("BUILD", """
package(default_visibility = ["//visibility:public"])

exports_files(glob(["node_modules/**/*.js", "node_modules/**/LICENSE"]))

filegroup(
    name = "node_modules",
    srcs = glob(["node_modules/**"], exclude = ["node_modules/**/* *"]),
)
""")

npm_repository = repository_rule(
    implementation = _npm_repository_impl,
    attrs = {
        "package": attr.label(mandatory = True, allow_single_file = True, doc = "package.json"),
        "lock": attr.label(mandatory = True, allow_single_file = True, doc = "package-lock.json"),
    },
    doc = "What `npm ci` installs, each package checked by the digest in the lock file. No script of a package is run.",
)
