"""A signed bundle to spoil, and ways to look at it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.json import Decoder, Encoder, decode

from auditor.errors import IntegrityError
from auditor.evidence.envelope import PAYLOAD_TYPE, Signed, encode, sign
from auditor.evidence.keys import Held, new_key, read_key, write_key
from auditor.evidence.layout import AUDIT_FILE, TEST_FILE, Manifest
from auditor.evidence.statements import audit_report, result_of_tests
from auditor.evidence.trust import Trust, TrustedKey
from auditor.evidence.verify import Verification, Verifier
from auditor.evidence.writing import entries
from auditor.model.evidence import Record
from auditor.policy.policyset import digest_of
from tests.e2e.command import auditor

NOW = datetime(2026, 7, 1, tzinfo=UTC)
STARTED = "1782000000"  # 2026-06-21, in seconds
POD = """apiVersion: v1
kind: Pod
metadata: {name: shell, namespace: ml}
spec:
  containers:
  - name: main
    image: example.org/shell:1.0
    securityContext: {privileged: true}
"""
REPORT = f"attestations/{AUDIT_FILE}"
RECORDS = "evidence/0000/000000.jsonl"


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle, and the key that it is signed with."""

    root: Path
    held: Held

    def trust(self, **more: Any) -> Trust:
        return Trust("test", (TrustedKey(self.held.public, "builder", **more),))

    def verify(self, root: Path | None = None, trust: Trust | None = None) -> Verification:
        return Verifier(root or self.root, trust or self.trust(), NOW).run()


def made(folder: Path, algorithm: str = "p256", *options: str) -> Made:
    """Scan a small tree into a bundle that is signed."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    (tree / "pod.yaml").write_text(POD)
    (tree / "again.yaml").write_text(POD.replace("shell", "other"))
    held = key(folder / "key.pem", algorithm)
    arguments = ("scan", "tree", "-q", "--output", "bundle", "--key", "key.pem", *options)
    done = auditor(*arguments, cwd=folder, env={"SOURCE_DATE_EPOCH": STARTED})
    assert (done.code, done.out, done.err) == (1, "", ""), done
    return Made(folder / "bundle", held)


def key(place: Path, algorithm: str = "p256") -> Held:
    write_key(new_key(algorithm), place, None)
    return read_key(place, lambda _: None)


def failed(found: Verification) -> dict[str, str]:
    """The steps that failed, with what they say."""
    return {step.name: step.detail for step in found.steps if step.outcome.value == "failed"}


def resigned(root: Path, held: Held, payload: bytes, *, keyid: str = "") -> None:
    """Put another signed statement in place of the audit report."""
    signed = sign(payload, held)
    shown = Signed(signed.payload, keyid or signed.keyid, signed.signature, ())
    (root / REPORT).write_bytes(encode(shown))


def payload_of(root: Path) -> bytes:
    return base64.b64decode(json.loads((root / REPORT).read_text())["dsseEnvelope"]["payload"])


def envelope(root: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((root / REPORT).read_text())
    return value


def write_envelope(root: Path, value: object) -> None:
    (root / REPORT).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def relisted(root: Path, change: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
    """Make the manifest list what is there, then change it."""
    manifest = json.loads((root / "manifest.json").read_text())
    manifest["files"] = [to_builtins(each) for each in sorted(entries(root))]
    change(manifest)
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def resealed(bundle: Made, change: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
    """What a trusted signer who lies does: everything agrees with what was changed."""
    root = bundle.root
    relisted(root, change)
    data = (root / "manifest.json").read_bytes()
    try:
        manifest = decode(data, type=Manifest)
        payloads = [audit_report(root, manifest, data), result_of_tests(root, manifest)]
    except (ValueError, IntegrityError):
        statement = json.loads(payload_of(root))
        statement["subject"][0]["digest"]["sha256"] = hashlib.sha256(data).hexdigest()
        payloads = [json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()]
    for name, payload in zip((AUDIT_FILE, TEST_FILE), payloads, strict=False):
        (root / "attestations" / name).write_bytes(encode(sign(payload, bundle.held)))


def small(bundle: Made) -> Made:
    """Leave one rule of the policy: it verifies all the same, in far less time."""
    root = bundle.root
    for path in (root / "policy").rglob("*.yaml"):
        if path.stem != "k8s-container-privileged":
            path.unlink()
    for path in sorted((root / "policy").rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    text = (root / "results.json").read_text()
    policy = json.loads(text)["tool"]["policy"]
    (root / "results.json").write_text(text.replace(policy, digest_of([root / "policy/00"])))
    resealed(bundle)
    return bundle


def records(root: Path) -> list[Record]:
    return Decoder(Record).decode_lines((root / RECORDS).read_bytes())


def write_records(root: Path, found: list[Record]) -> None:
    (root / RECORDS).write_bytes(Encoder(order="deterministic").encode_lines(found))


TYPE = PAYLOAD_TYPE
