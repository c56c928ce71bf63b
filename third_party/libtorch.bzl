# SPDX-License-Identifier: Apache-2.0
"""Finds LibTorch in the folder LIBTORCH_ROOT if it is set, otherwise in the system's package."""

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
        # The compiler finds system headers by itself, except those of the C++ front end.
        repository_ctx.symlink(include + "/torch/csrc/api/include", "frontend")

    repository_ctx.file("BUILD", """
cc_library(
    name = "torch",
    hdrs = glob(["include/**/*.h"]),
    includes = {includes},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)

# The oneDNN that LibTorch uses. Other programs can call it only if both are the system's packages.
cc_library(
    name = "onednn",
    defines = {onednn_defines},
    linkopts = {onednn_linkopts},
    visibility = ["//visibility:public"],
    deps = [":torch"],
)

# The C++ front end (torch/optim and so on). It takes long to compile.
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
    doc = "Defines @libtorch//:torch, :onednn and :frontend.",
)
