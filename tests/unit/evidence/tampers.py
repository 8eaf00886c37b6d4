"""What somebody does to a bundle, or to one of its envelopes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.evidence.bundles import (
    REPORT,
    Made,
    envelope,
    key,
    made,
    payload_of,
    resigned,
    write_envelope,
)

MANIFEST, RESULTS = "manifest.json", "results.json"


def body(bundle: Made) -> Path:
    (found,) = (bundle.root / "bodies").iterdir()
    return found


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def rehash(bundle: Made, name: str) -> None:
    """Make the manifest agree with a file that was changed."""
    manifest = json.loads((bundle.root / "manifest.json").read_text())
    data = (bundle.root / name).read_bytes()
    for entry in manifest["files"]:
        if entry["path"] == name:
            entry |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (bundle.root / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def edit_and_rehash(bundle: Made) -> None:
    edit(bundle.root / "results.json", '"verdict":"fail"', '"verdict":"pass"')
    rehash(bundle, "results.json")


def sign_as_another(bundle: Made) -> None:
    """Everything made anew by somebody else, whose key claims the name of the trusted one."""
    edit_and_rehash(bundle)
    statement = json.loads(payload_of(bundle.root))
    digest = hashlib.sha256((bundle.root / "manifest.json").read_bytes()).hexdigest()
    statement["subject"][0]["digest"]["sha256"] = digest
    text = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    other = key(bundle.root.parent / "other.pem")
    resigned(bundle.root, other, text, keyid=bundle.held.public.name)


def signed_by_a_stranger(bundle: Made) -> None:
    resigned(bundle.root, key(bundle.root.parent / "other.pem"), payload_of(bundle.root))


def restate(change: Callable[[dict[str, Any]], object]) -> Callable[[Made], object]:
    """A statement that the trusted key signs, though it is not what the bundle gives rise to."""

    def spoil(bundle: Made) -> None:
        statement = json.loads(payload_of(bundle.root))
        change(statement)
        text = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
        resigned(bundle.root, bundle.held, text)

    return spoil


def enveloped(change: Callable[[dict[str, Any]], object]) -> Callable[[Made], object]:
    def spoil(bundle: Made) -> None:
        value = envelope(bundle.root)
        change(value)
        write_envelope(bundle.root, value)

    return spoil


def text_of(change: Callable[[str], str], name: str = REPORT) -> Callable[[Made], object]:
    def spoil(bundle: Made) -> None:
        path = bundle.root / name
        before = path.read_text()
        after = change(before)
        assert after != before
        path.write_text(after)

    return spoil


def swap_attestations(bundle: Made) -> None:
    first, second = bundle.root / REPORT, bundle.root / "attestations/test-result.sigstore.json"
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


def of_another_run(bundle: Made) -> None:
    other = made(bundle.root.parent / "other", "p256", "--all")
    shutil.copy(other.root / REPORT, bundle.root / REPORT)


def linked(bundle: Made) -> None:
    path = bundle.root / "results.json"
    path.rename(bundle.root.parent / "results.json")
    path.symlink_to(bundle.root.parent / "results.json")


def piped(bundle: Made) -> None:
    (bundle.root / MANIFEST).unlink()
    os.mkfifo(bundle.root / MANIFEST)


def endless(bundle: Made) -> None:
    (bundle.root / MANIFEST).unlink()
    (bundle.root / MANIFEST).symlink_to("/dev/zero")


def sparse(bundle: Made) -> None:
    with (bundle.root / RESULTS).open("r+b") as file:
        file.truncate(1 << 40)


def closed(bundle: Made) -> None:
    (bundle.root / "policy/hidden").mkdir()
    (bundle.root / "policy/hidden/x").write_text("x")
    (bundle.root / "policy/hidden").chmod(0)


def linked_folder(bundle: Made) -> None:
    (bundle.root / "bodies").rename(bundle.root.parent / "bodies")
    (bundle.root / "bodies").symlink_to(bundle.root.parent / "bodies")


def swap_two(bundle: Made) -> None:
    first, second = bundle.root / "results.json", bundle.root / "inventory.json"
    first.rename(bundle.root / "x")
    second.rename(first)
    (bundle.root / "x").rename(second)


def two_signatures(value: dict[str, Any]) -> None:
    value["dsseEnvelope"]["signatures"] *= 2


def unsign(value: dict[str, Any]) -> None:
    value["dsseEnvelope"]["signatures"] = []


def url_safe(value: dict[str, Any]) -> None:
    dsse = value["dsseEnvelope"]
    dsse["payload"] = dsse["payload"].rstrip("=") + "=" * 4


def payload_type(value: dict[str, Any]) -> None:
    value["dsseEnvelope"]["payloadType"] = "application/json"


def another_hint(value: dict[str, Any]) -> None:
    value["verificationMaterial"]["publicKey"]["hint"] = "0" * 64


def key_in_envelope(value: dict[str, Any]) -> None:
    value["dsseEnvelope"]["signatures"][0]["keyid"] = "0" * 64


def embedded_key(value: dict[str, Any]) -> None:
    value["verificationMaterial"]["publicKey"]["rawBytes"] = "AAAA"
