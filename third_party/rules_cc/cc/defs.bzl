# SPDX-License-Identifier: Apache-2.0
"""Bazel's own C++ rules, under the label that other rule sets load. Debian's rules_cc is too new."""

cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
