# SPDX-License-Identifier: Apache-2.0
"""All external dependencies, for this workspace and for workspaces that use it as @attribench."""

load("//datasets:data_repository.bzl", "data_repository")
load(":libtorch.bzl", "libtorch_repository")
load("//third_party/npm:npm.bzl", "npm_repository")

def _folder_repository_impl(repository_ctx):
    folder = repository_ctx.path(repository_ctx.attr.workspace_file).dirname
    for entry in folder.readdir():
        repository_ctx.symlink(entry, entry.basename)

# Makes a repository of a folder of this project. It also works if the project is a dependency.
_folder_repository = repository_rule(
    implementation = _folder_repository_impl,
    attrs = {"workspace_file": attr.label(mandatory = True, allow_single_file = True)},
    local = True,
)

def attribench_dependencies():
    """Defines @libtorch, @system, the data files and the repositories that Bazel itself needs.

    What it defines needs no network, except the packages of npm. Call it in WORKSPACE after the definition of @attribench.
    """

    # Repositories that Bazel itself needs.
    _folder_repository(name = "rules_cc", workspace_file = Label("//third_party/rules_cc:WORKSPACE"))
    _folder_repository(name = "com_google_protobuf", workspace_file = Label("//third_party/protobuf:WORKSPACE"))
    _folder_repository(name = "remote_coverage_tools", workspace_file = Label("//third_party/coverage_tools:WORKSPACE"))
    native.local_repository(name = "rules_java", path = "/usr/share/bazel/rules/java")
    native.local_repository(name = "rules_proto", path = "/usr/share/bazel/rules/proto")
    native.local_repository(name = "bazel_skylib", path = "/usr/share/bazel/tools/skylib")
    native.register_toolchains("@bazel_skylib//toolchains/unittest:bash_toolchain")

    # System packages (ci/setup.sh installs them).
    libtorch_repository(name = "libtorch")
    native.new_local_repository(
        name = "system",
        build_file = "@attribench//third_party:system.BUILD",
        path = "/usr",
    )

    # Packages of the npm registry, for the page and its test. They are fetched only if these are built.
    for packages in ["charts", "browser"]:
        npm_repository(
            name = "npm_" + packages,
            lock = "@attribench//third_party/npm/%s:package-lock.json" % packages,
            package = "@attribench//third_party/npm/%s:package.json" % packages,
        )

    # Data files.
    data_repository(
        name = "cifar-10-batches-bin",
        archive = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        files = {
            "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
            "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
            "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
            "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
        },
    )
    data_repository(
        name = "mnist",
        files = {
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        },
        urls = [
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
    )
