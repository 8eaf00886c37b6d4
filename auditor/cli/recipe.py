"""How to verify a bundle without this program: by openssl and sha256sum alone.

The payload is canonical JSON (RFC 8785): its members are sorted, and a quote inside a text follows
a backslash. So where it *ends* with a type and a subject, these are those of the statement: they
can't stand in a name that somebody else chose, as a digest that is merely found in it can.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from auditor.evidence.statements import AUDIT_REPORT, STATEMENT

_SCRIPT: Final = r"""
# A bundle that is a folder, by openssl and sha256sum; it stops at what does not hold.
# The statement for admission (test-result.sigstore.json) is not looked at.
set -eu
bundle={bundle}; key={key}
no() {{ echo "$1" >&2; exit 1; }}
test -d "$bundle" || no "$bundle is not a folder: unzip it into an empty one first"
test -f "$key" || no "$key: no such file; name the public key"
key="$(cd "$(dirname "$key")" && pwd)/$(basename "$key")"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT; trap 'exit 1' HUP INT TERM
cd "$bundle"; file=attestations/audit-report.sigstore.json

find . ! -type d > "$work/all"; find . ! -type d ! -type f > "$work/odd"
find . -type d -empty >> "$work/odd"
test ! -s "$work/odd" || no "neither a file nor a folder of files: $(head -n 1 "$work/odd")"

grep -q '"payloadType": "application/vnd.in-toto+json"' "$file" || no "another type of payload"
sed -n 's/.*"payload": "\([^"]*\)".*/\1/p' "$file" | openssl base64 -d -A > "$work/payload"
sed -n 's/.*"sig": "\([^"]*\)".*/\1/p' "$file" | openssl base64 -d -A > "$work/sig"
printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$work/payload")" > "$work/signed"
cat "$work/payload" >> "$work/signed"
if openssl pkey -pubin -in "$key" -noout -text | grep -q '^ED25519'; then
  openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$work/signed" -sigfile "$work/sig" \
    > /dev/null || no "the signature is not that of $key"
  echo "Verified OK"
else
  openssl dgst -sha256 -verify "$key" -signature "$work/sig" "$work/signed"
fi

digest="$(sha256sum manifest.json | cut -d' ' -f1)"
printf '%s' '{{"_type":"{statement}","predicate":{{' > "$work/begin"
printf '%s%s%s' ',"predicateType":"{report}","subject":[{{"digest":{{"sha256":"' "$digest" \
  '"}},"name":"manifest.json"}}]}}' > "$work/end"
head -c "$(($(wc -c < "$work/begin")))" "$work/payload" | cmp -s - "$work/begin" &&
  tail -c "$(($(wc -c < "$work/end")))" "$work/payload" | cmp -s - "$work/end" ||
  no "manifest.json is not what was signed as an audit report"
echo "Manifest OK"

sed -n '/"files": \[/,$ s/.*"path": "\(.*\)",/\1/p' manifest.json > "$work/paths"
sed -n '/"files": \[/,$ s/.*"sha256": "\(.*\)",/\1/p' manifest.json > "$work/digests"
paste -d' ' "$work/digests" "$work/paths" | sed 's/ /  /' | sha256sum --check --quiet
printf '%s\n' manifest.json "$file" >> "$work/paths"
test ! -e attestations/test-result.sigstore.json ||
  echo attestations/test-result.sigstore.json >> "$work/paths"
sed 's/^..//' "$work/all" | LC_ALL=C sort > "$work/there"
LC_ALL=C sort "$work/paths" | cmp - "$work/there" || no "a file is there that is not listed"
echo "Files OK"
"""


def recipe(bundle: Path, key: Path | None) -> str:
    """A shell script that does what verify does, for a bundle and a public key."""
    return _SCRIPT.lstrip().format(
        bundle=shlex.quote(str(bundle.absolute())),
        key=shlex.quote(str(key.absolute())) if key is not None else '"$PUBLIC_KEY"',
        statement=STATEMENT,
        report=AUDIT_REPORT,
    )
