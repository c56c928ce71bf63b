# SPDX-License-Identifier: Apache-2.0
"""Finds LibTorch: the folder named by LIBTORCH_ROOT, else the system's package."""

def _exists(repository_ctx, path):
    return repository_ctx.path(path).exists

def _libtorch_repository_impl(repository_ctx):
    root = repository_ctx.os.environ.get("LIBTORCH_ROOT", "")
    if root:
        header = root + "/include/ATen/ATen.h"
        if not _exists(repository_ctx, header):
            fail("LIBTORCH_ROOT is '%s', but %s does not exist; point it at an unpacked LibTorch (the folder that holds include/ and lib/)." % (root, header))
        include, lib = root + "/include", root + "/lib"
    else:
        include = "/usr/include"
        lib = ""
        if not _exists(repository_ctx, include + "/ATen/ATen.h"):
            fail("No LibTorch found: install Debian's libtorch-dev (ci/setup.sh does) or set LIBTORCH_ROOT to an unpacked LibTorch.")

    linkopts = ["-ltorch", "-ltorch_cpu", "-lc10"]
    if lib:
        linkopts = ["-L" + lib, "-Wl,-rpath," + lib] + linkopts
        repository_ctx.symlink(include, "include")
        if _exists(repository_ctx, lib + "/libtorch_cuda.so"):
            linkopts = linkopts[:2] + ["-Wl,--no-as-needed", "-ltorch_cuda", "-lc10_cuda", "-Wl,--as-needed"] + linkopts[2:]
    else:
        # System headers are on the compiler's own path; only those of the C++ front end are not.
        repository_ctx.symlink(include + "/torch/csrc/api/include", "frontend")

    repository_ctx.file("BUILD", """
cc_library(
    name = "torch",
    hdrs = glob(["include/**/*.h"]),
    includes = {includes},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)

# The oneDNN that LibTorch computes with, where other programs can call it: the system's.
cc_library(
    name = "onednn",
    defines = {onednn_defines},
    linkopts = {onednn_linkopts},
    visibility = ["//visibility:public"],
    deps = [":torch"],
)

# torch/optim and the like: long to compile.
cc_library(
    name = "frontend",
    hdrs = glob(["frontend/**/*.h"]),
    includes = {frontend_includes},
    visibility = ["//visibility:public"],
    deps = [":torch"],
)
""".format(
        includes = repr(["include"] if lib else []),
        frontend_includes = repr(["include/torch/csrc/api/include"] if lib else ["frontend"]),
        linkopts = repr(linkopts),
        onednn_defines = repr([] if lib else ["LIBTORCH_WITH_SYSTEM_ONEDNN"]),
        onednn_linkopts = repr([] if lib else ["-ldnnl"]),
    ))

libtorch_repository = repository_rule(
    implementation = _libtorch_repository_impl,
    environ = ["LIBTORCH_ROOT"],
    local = True,
    doc = "Defines @libtorch//:torch.",
)
