#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# from_python_test.sh TEST ARGUMENT...: runs the Python file TEST with Debian's Python.
set -euo pipefail
/usr/bin/python3 -c "import torch" || { echo "python3-torch is missing: ci/setup.sh --tests installs it" >&2; exit 1; }
exec /usr/bin/python3 "$@"
