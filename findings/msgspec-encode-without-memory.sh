#!/usr/bin/env bash
# msgspec (jcrist/msgspec), 0.22.0: encoding where there is no memory left.
#
# One would expect MemoryError, as from every other allocation in Python. `Encoder.encode` of a text
# of some kilobytes ends the process by a signal instead (SIGSEGV, 139 in a shell); `encode_into` a
# bytearray raises MemoryError. Under a limit of memory (ulimit -v, a small container without
# overcommit) a program that encodes has no chance to tidy up or to say what was missing.
#
# Needs Python (3.11 or newer) and its package registry. Ends with 0 while both are so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0

ends() {
	"$folder/venv/bin/python" - "$1" <<'PY' || true
import subprocess
import sys

PROGRAM = """
import resource, sys, msgspec
encoder, text, kept = msgspec.json.Encoder(), "x" * 1700, []
resource.setrlimit(resource.RLIMIT_AS, (200 << 20,) * 2)
try:
    while True:
        if sys.argv[1] == "encode":
            kept.append(encoder.encode(text))
        else:
            kept.append(bytearray())
            encoder.encode_into(text, kept[-1])
except MemoryError:
    kept.clear()
    print("MemoryError")
"""
done = subprocess.run([sys.executable, "-c", PROGRAM, sys.argv[1]], capture_output=True, text=True)
print(done.stdout.strip() or f"signal {-done.returncode}")
PY
}

first=$(ends encode)
second=$(ends encode_into)
echo "encode: $first, encode_into: $second"
test "$first" = "signal 11" && test "$second" = "MemoryError"
