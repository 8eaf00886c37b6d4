"""How to verify a bundle without this program: by openssl and sha256sum alone."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

_SCRIPT: Final = r"""
# A bundle that is a folder, by openssl and sha256sum; it stops at what does not hold.
set -eu
cd {bundle}; work="$(mktemp -d)"; file=attestations/audit-report.sigstore.json
grep -q '"payloadType": "application/vnd.in-toto+json"' "$file"
sed -n 's/.*"payload": "\([^"]*\)".*/\1/p' "$file" | openssl base64 -d -A > "$work/payload"
sed -n 's/.*"sig": "\([^"]*\)".*/\1/p' "$file" | openssl base64 -d -A > "$work/sig"
printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$work/payload")" > "$work/signed"
cat "$work/payload" >> "$work/signed"
openssl dgst -sha256 -verify {key} -signature "$work/sig" "$work/signed"
grep -q "\"sha256\":\"$(sha256sum manifest.json | cut -d' ' -f1)\"" "$work/payload"
echo "Manifest OK"
sed -n '/"files": \[/,$ s/.*"path": "\(.*\)",/\1/p' manifest.json > "$work/paths"
sed -n '/"files": \[/,$ s/.*"sha256": "\(.*\)",/\1/p' manifest.json > "$work/digests"
paste -d' ' "$work/digests" "$work/paths" | sed 's/ /  /' | sha256sum --check --quiet
find . -type f ! -path ./manifest.json ! -path './attestations/*' | sed 's/..//' \
  | LC_ALL=C sort > "$work/there"
LC_ALL=C sort "$work/paths" | cmp - "$work/there"
echo "Files OK"
"""


def recipe(bundle: Path, key: Path | None) -> str:
    """A shell script that does what verify does, for a bundle and a public key."""
    public = shlex.quote(str(key.absolute())) if key is not None else '"$PUBLIC_KEY"'
    return _SCRIPT.lstrip().format(bundle=shlex.quote(str(bundle)), key=public)
