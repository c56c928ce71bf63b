# SPDX-License-Identifier: Apache-2.0
"""The environment in which libraries use the instruction set that programs fix."""

# For tests that compare bits: what FixInstructionSet (instruction_set.cc) sets in a program.
FIXED_INSTRUCTION_SET = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
