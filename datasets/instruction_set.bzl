# SPDX-License-Identifier: Apache-2.0
"""The environment variables that fix the instruction set of numeric libraries."""

# For tests that compare bits. Programs set the same values by FixInstructionSet (instruction_set.cc).
FIXED_INSTRUCTION_SET = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
