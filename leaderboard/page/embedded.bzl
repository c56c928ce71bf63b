# SPDX-License-Identifier: Apache-2.0
"""Files as part of a program."""

def embedded_files(name, files):
    """A library with the bytes of each file between the symbols <symbol> and <symbol>_end.

    Args:
      name: the library's name.
      files: {symbol: label of the file}.
    """
    lines = [".section .rodata"]
    for symbol, file in files.items():
        lines += [
            ".global %s, %s_end" % (symbol, symbol),
            "%s: .incbin \\\"$(execpath %s)\\\"" % (symbol, file),
            "%s_end: .byte 0" % symbol,
        ]
    lines.append(".section .note.GNU-stack,\\\"\\\",@progbits")
    native.genrule(
        name = name + "_source",
        srcs = files.values(),
        outs = [name + ".S"],
        # Bazel does not see that the assembler reads the files: their digests are in the source.
        cmd = "(sha256sum $(SRCS) | sed 's/^/# /'; printf '%%s\\n' %s) > $@" % " ".join(["\"%s\"" % line for line in lines]),
    )
    native.cc_library(
        name = name,
        srcs = [name + ".S"],
        textual_hdrs = files.values(),
    )
