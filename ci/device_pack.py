#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs what ci/device_test.sh builds on a machine that has a GPU, LibTorch 2, g++ and ninja, but
neither Bazel nor a network: sources, generated sources, a build.ninja, and the libraries of Debian
that the programs link. The lists of sources come from Bazel, so they are those of the BUILD files.

    ci/device_pack.py OUT [--settings=glyphs_mlp,mnist_mlp]

OUT gets src/ (the project's own layout), deps/, build.ninja and tests.txt. Zoos and settings of
--settings (default: glyphs_mlp) lie in src/.
"""
import glob
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

PROGRAMS = ["//benchmarks:run", "//benchmarks:compare_devices", "//benchmarks:sensitivity"]
TESTS = "kind(cc_test, //methods/...)"
HEADERS = ["absl", "gmock", "google", "gtest", "nlohmann", "openssl", "x86_64-linux-gnu/openssl", "zconf.h", "zlib.h"]
ARCHIVES = ["libabsl_*.a", "libcrypto.a", "libgmock.a", "libgtest.a", "libgtest_main.a", "libprotobuf.a", "libz.a"]

NINJA_RULES = """ninja_required_version = 1.5
# compiler, flags, includes, libraries, torch
include config.ninja
rule compile
  command = $compiler -MMD -MF $out.d $flags $extra -Isrc $includes -c $in -o $out
  depfile = $out.d
  deps = gcc
  description = compile $in
rule link
  command = $compiler $in -o $out $libraries $torch
  description = link $out
"""


def bazel(*arguments):
    done = subprocess.run(["bazel", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"device_pack.py: bazel {arguments[0]} failed:\n{done.stderr}")
    return done.stdout


class Rules:
    """The rules that the programs and tests consist of, by label."""

    def __init__(self, targets):
        text = bazel("query", "--output=xml", f"deps({targets})")
        self.rules = {}
        for rule in ElementTree.fromstring(text.replace('<?xml version="1.1"', '<?xml version="1.0"', 1)).findall("rule"):
            lists = {l.get("name"): [value.get("value") for value in l] for l in rule.findall("list")}
            lists["actual"] = [l.get("value") for l in rule.findall("label") if l.get("name") == "actual"]
            lists["class"] = rule.get("class")
            self.rules[rule.get("name")] = lists

    def closure(self, label):
        """The labels that `label` links, itself first."""
        found, todo = {}, [label]
        while todo:
            current = todo.pop()
            if current in found or current not in self.rules:
                continue
            found[current] = True
            rule = self.rules[current]
            if rule["class"] in ("cc_binary", "cc_test", "cc_library", "alias"):
                todo += rule.get("deps", []) + rule["actual"]
        return list(found)

    def sources(self, label):
        """(path, compiler flags) of a rule's C++ sources, generated ones included."""
        rule = self.rules[label]
        if rule["class"] == "cc_proto_library":
            for proto in rule["deps"]:
                for source in self.rules[proto]["srcs"]:
                    yield path_of(source)[: -len(".proto")] + ".pb.cc", []
        elif rule["class"] in ("cc_binary", "cc_test", "cc_library"):
            for source in rule.get("srcs", []):
                generated = self.rules.get(source, {}).get("class")
                path = path_of(source) + (".cc" if generated == "_program_build" else "")
                if path.endswith(".cc"):
                    yield path, rule.get("copts", [])


def path_of(label):
    package, name = label[2:].split(":")
    return os.path.join(package, name)


def put(source, out, path):
    target = os.path.join(out, "src", path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)


def pack(out, settings):
    targets = " + ".join([TESTS] + PROGRAMS)
    rules = Rules(targets)
    made = [label for label, rule in rules.rules.items()
            if label.startswith("//") and rule["class"] in ("genrule", "cc_proto_library", "_program_build")]
    bazel("build", *made)
    lines, tests, compiled = [NINJA_RULES], [], {}
    programs = []
    for label, rule in sorted(rules.rules.items()):
        is_test = rule["class"] == "cc_test"
        if not is_test and label not in PROGRAMS:
            continue
        objects = {}
        for part in rules.closure(label):
            if part.startswith("//"):
                for path, flags in rules.sources(part):
                    compiled[path] = flags
                    objects[f"obj/{path[:-3]}.o"] = True
        archives = "".join(" deps/lib/lib%s.a" % name for name in ("gmock", "gtest") if is_test)
        if "@system//:gtest_main" in rules.closure(label):
            archives += " deps/lib/libgtest_main.a"
        # Programs lie in the project's layout, where they find settings and zoos.
        program = os.path.join("src" if not is_test else "tests", path_of(label))
        lines.append("build %s: link %s%s\n" % (program, " ".join(objects), archives))
        programs.append(program)
        if is_test:
            tests.append("%s %s\n" % (program, " ".join(rule.get("args", []))))
    for path, flags in sorted(compiled.items()):
        lines.append("build obj/%s.o: compile src/%s\n" % (path[:-3], path))
        if flags:
            lines.append("  extra = %s\n" % " ".join(flags))
    lines.append("build all: phony %s\ndefault all\n" % " ".join(programs))

    for path in compiled:
        source = path if os.path.exists(path) else os.path.join("bazel-bin", path)
        put(source, out, path)
        if path.endswith(".pb.cc"):
            put(source[:-3] + ".h", out, path[:-3] + ".h")
    for label, rule in rules.rules.items():
        for header in rule.get("hdrs", []) + rule.get("srcs", []):
            if label.startswith("//") and header.endswith(".h"):
                put(path_of(header), out, path_of(header))
    for path in glob.glob("datasets/settings/*.textproto"):
        put(path, out, path)
    for setting in settings:
        shutil.copytree(f"datasets/zoo/{setting}", os.path.join(out, "src/datasets/zoo", setting), dirs_exist_ok=True)
    os.makedirs(os.path.join(out, "deps/include"))
    os.makedirs(os.path.join(out, "deps/lib"))
    for name in HEADERS:
        target = os.path.join(out, "deps/include", name.replace("x86_64-linux-gnu/", ""))
        (shutil.copytree if os.path.isdir(f"/usr/include/{name}") else shutil.copyfile)(
            f"/usr/include/{name}", target, **({"dirs_exist_ok": True} if os.path.isdir(f"/usr/include/{name}") else {}))
    for pattern in ARCHIVES:
        for archive in glob.glob(f"/usr/lib/x86_64-linux-gnu/{pattern}"):
            shutil.copy(archive, os.path.join(out, "deps/lib"))
    with open(os.path.join(out, "build.ninja"), "w") as file:
        file.writelines(lines)
    with open(os.path.join(out, "tests.txt"), "w") as file:
        file.writelines(tests)
    shutil.copy("ci/device_test.sh", out)
    print(f"{len(compiled)} sources, {len(tests)} tests, {len(PROGRAMS)} programs in {out}")


def main():
    settings, folders = ["glyphs_mlp"], []
    for argument in sys.argv[1:]:
        if argument.startswith("--settings="):
            settings = argument.split("=", 1)[1].split(",")
        elif argument.startswith("-"):
            sys.exit(f"device_pack.py: unknown argument '{argument}'; known is --settings=NAME[,NAME]")
        else:
            folders.append(argument)
    if len(folders) != 1:
        sys.exit("device_pack.py: name one folder to make, as in ci/device_pack.py /tmp/pack")
    out = os.path.abspath(folders[0])
    if os.path.exists(out) and os.listdir(out):
        sys.exit(f"device_pack.py: {out} is there already: name a new folder, or remove it")
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for setting in settings:
        if not os.path.isdir(f"datasets/zoo/{setting}"):
            known = ", ".join(sorted(os.path.basename(path)[:-10] for path in glob.glob("datasets/settings/*.textproto")))
            sys.exit(f"device_pack.py: no zoo of a setting '{setting}'; known are {known}")
    pack(out, settings)


main()
