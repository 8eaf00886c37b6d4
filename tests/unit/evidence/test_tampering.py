"""Whatever is changed in a bundle is found, at the step that is about it, and the file is named."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from auditor.evidence.envelope import decode, encode
from tests.unit.evidence.bundles import (
    REPORT,
    Made,
    envelope,
    failed,
    key,
    made,
    payload_of,
    resigned,
    small,
    write_envelope,
)

ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return small(made(tmp_path_factory.mktemp("made")))


@pytest.fixture
def bundle(signed: Made, tmp_path: Path) -> Made:
    return Made(shutil.copytree(signed.root, tmp_path / "bundle"), signed.held)


def test_untouched_it_is_verified(bundle: Made) -> None:
    found = bundle.verify()
    assert found.decision == "verified", found
    assert found.key == bundle.held.public.name


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody does, the step that it stops at, and what that says."""

    spoil: Callable[[Made], object]
    step: str
    says: str


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


MANIFEST, RESULTS = "manifest.json", "results.json"
CASES = {
    "a byte of evidence": Case(lambda b: flip(body(b)), "INTEGRITY", "bodies/"),
    "a verdict": Case(lambda b: edit(b.root / RESULTS, '"fail"', '"pass"'), "INTEGRITY", RESULTS),
    "a rule": Case(
        lambda b: flip(next((b.root / "policy").rglob("*.yaml"))), "INTEGRITY", "policy/00"
    ),
    "a file gone": Case(lambda b: (b.root / RESULTS).unlink(), "INTEGRITY", "is missing"),
    "a file more": Case(
        lambda b: (b.root / "bodies/x").write_text("x"), "INTEGRITY", "is not in the manifest"
    ),
    "two files in each other's place": Case(swap_two, "INTEGRITY", "is not what the manifest says"),
    "a link in place of a file": Case(linked, "INTEGRITY", "is no regular file"),
    "a linked folder": Case(linked_folder, "INTEGRITY", "bodies is no regular file"),
    "an empty folder": Case(
        lambda b: (b.root / "reports").mkdir(), "INTEGRITY", "reports is a folder that is not in"
    ),
    "a folder with a name of ours": Case(
        lambda b: (b.root / "baseline.json").mkdir(), "INTEGRITY", "baseline.json is a folder"
    ),
    "a folder among the attestations": Case(
        lambda b: (b.root / "attestations/x").mkdir(), "FORM", "attestations/x is none"
    ),
    "a folder that can't be listed": Case(closed, "INTEGRITY", "policy/hidden is a folder"),
    "a pipe more": Case(
        lambda b: os.mkfifo(b.root / "policy/x"), "INTEGRITY", "policy/x is no regular file"
    ),
    "a file of a terabyte": Case(sparse, "INTEGRITY", "results.json is not what the manifest says"),
    "a pipe in place of the manifest": Case(piped, "FORM", "manifest.json is no regular file"),
    "a link in place of the manifest": Case(endless, "FORM", "manifest.json is no regular file"),
    "half a character as the hint": Case(
        text_of(lambda t: re.sub('"hint": "[^"]*"', r'"hint": "\\ud800"', t)),
        "FORM",
        "half of a surrogate pair",
    ),
    "a large attestation": Case(
        lambda b: (b.root / REPORT).write_bytes(b" " * (1 << 24) + b"{}"), "FORM", "than 16 MiB"
    ),
    "a verdict, and its digest": Case(edit_and_rehash, "SIGNATURE", "not the one that was signed"),
    "the order of the manifest": Case(
        lambda b: edit(b.root / MANIFEST, '"format"', ' "format"'), "SIGNATURE", "not the one"
    ),
    "made anew by another key of that name": Case(sign_as_another, "SIGNATURE", "not that of"),
    "signed by a stranger": Case(signed_by_a_stranger, "SIGNATURE", "is not trusted"),
    "no signature file": Case(lambda b: (b.root / REPORT).unlink(), "SIGNATURE", "not signed"),
    "no statement for admission": Case(
        lambda b: (b.root / "attestations/test-result.sigstore.json").unlink(),
        "SIGNATURE",
        "test-result.sigstore.json is missing",
    ),
    "the signature of another run": Case(of_another_run, "SIGNATURE", "not the one"),
    "statements in each other's place": Case(swap_attestations, "SIGNATURE", "it states a"),
    "two signatures": Case(enveloped(two_signatures), "FORM", "2 signatures, not one"),
    "no signature": Case(enveloped(unsign), "FORM", "0 signatures, not one"),
    "another type of payload": Case(enveloped(payload_type), "FORM", "'application/json'"),
    "another hint": Case(enveloped(another_hint), "SIGNATURE", "is not trusted"),
    "a name of the key in the envelope": Case(enveloped(key_in_envelope), "FORM", "keyid"),
    "a key inside": Case(enveloped(embedded_key), "FORM", "rawBytes"),
    "odd base64": Case(enveloped(url_safe), "FORM", "base64"),
    "a field of the envelope twice": Case(
        text_of(lambda t: t.replace('"payloadType"', '"payload": "AA==",\n"payloadType"')),
        "FORM",
        "'payload' is there twice",
    ),
    "a field of the manifest twice": Case(
        text_of(lambda t: t.replace('"format"', '"format": "bundle/v1",\n"format"'), MANIFEST),
        "FORM",
        "'format' is there twice",
    ),
    "an unknown field": Case(
        text_of(lambda t: t.replace('"format"', '"more": 1,\n"format"'), MANIFEST), "FORM", "more"
    ),
    "white space in the envelope": Case(
        text_of(lambda t: t + " "), "FORM", "written in another way"
    ),
    "no number": Case(
        text_of(lambda t: t.replace('"format"', '"more": NaN,\n"format"'), MANIFEST),
        "FORM",
        "NaN is no number",
    ),
    "too large a number": Case(
        text_of(lambda t: t.replace('"format"', '"more": 9007199254740993,\n"format"'), MANIFEST),
        "FORM",
        "too large a number",
    ),
    "nesting": Case(lambda b: (b.root / MANIFEST).write_text("[" * 100_000), "FORM", "too deeply"),
    "a byte-order mark": Case(text_of(lambda t: "\ufeff" + t, MANIFEST), "FORM", MANIFEST),
    "no UTF-8": Case(lambda b: (b.root / MANIFEST).write_bytes(b"\xff{}"), "FORM", "not UTF-8"),
    "an empty manifest": Case(lambda b: (b.root / MANIFEST).write_text(""), "FORM", MANIFEST),
    "no manifest": Case(lambda b: (b.root / MANIFEST).unlink(), "FORM", "is not there"),
    "another attestation": Case(
        lambda b: (b.root / "attestations/x.sigstore.json").write_text("{}"), "FORM", "x.sigstore"
    ),
    "a statement of another kind": Case(
        restate(lambda s: s.update(predicateType="https://in-toto.io/attestation/svr/v0.2")),
        "SIGNATURE",
        "it states a",
    ),
    "more subjects": Case(
        restate(lambda s: s["subject"].append({"name": "x", "digest": {"sha256": "0" * 64}})),
        "SIGNATURE",
        "not the one",
    ),
    "an unknown field of the statement": Case(
        restate(lambda s: s.update(more=1)), "SIGNATURE", "more"
    ),
    "counts that are not those of the results": Case(
        restate(lambda s: s["predicate"]["verdicts"].update({"fail": 0, "pass": 10_000})),
        "COMPLETENESS",
        "something else than the results",
    ),
    "a gate that is not that of the results": Case(
        restate(lambda s: s["predicate"]["gate"].update(decision="pass", exit=0)),
        "COMPLETENESS",
        "something else than the results",
    ),
    "coverage that is not that of the results": Case(
        restate(lambda s: s["predicate"]["scope"][0].update(gaps=1)),
        "COMPLETENESS",
        "something else than the results",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_change_stops_at_its_step(bundle: Made, case: Case) -> None:
    case.spoil(bundle)
    found = bundle.verify()
    assert found.decision == "failed"
    problems = failed(found)
    assert case.step in problems, problems
    assert case.says in problems[case.step]


def test_a_second_form_of_a_signature_is_no_second_identity(bundle: Made) -> None:
    """(r, n - s) verifies wherever (r, s) does; the signer and what is signed stay the same."""
    path = bundle.root / REPORT
    before = bundle.verify()
    found = decode(REPORT, path.read_bytes())
    r, s = decode_dss_signature(found.signature)
    other = encode_dss_signature(r, ORDER_P256 - s)
    path.write_bytes(encode(type(found)(found.payload, found.keyid, other, ())))
    after = bundle.verify()
    assert after.decision == "verified"
    assert (after.key, after.manifest) == (before.key, before.manifest)


CONFUSED = ("p256", "ed25519")


@pytest.mark.parametrize("algorithm", CONFUSED)
def test_a_signature_of_another_algorithm(bundle: Made, tmp_path: Path, algorithm: str) -> None:
    other = key(tmp_path / "other.pem", algorithm)
    resigned(bundle.root, other, payload_of(bundle.root), keyid=bundle.held.public.name)
    assert "not that of builder" in failed(bundle.verify())["SIGNATURE"]


def test_ed25519_signs_as_well(tmp_path: Path) -> None:
    assert made(tmp_path, "ed25519").verify().decision == "verified"


def test_base64_of_a_payload_is_one_text(bundle: Made) -> None:
    """Bits that the padding leaves over may not carry anything."""
    value = envelope(bundle.root)
    assert base64.b64decode("AAB=") == base64.b64decode("AAA=")
    value["dsseEnvelope"]["signatures"][0]["sig"] = "AAB="
    write_envelope(bundle.root, value)
    assert "base64" in failed(bundle.verify())["FORM"]


def test_folders_without_an_end(bundle: Made) -> None:
    """More in one another than Python may call, and than a path may name."""
    at = os.open(bundle.root, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    try:
        assert "d is a folder" in failed(bundle.verify())["INTEGRITY"]
    finally:
        subprocess.run([shutil.which("rm") or "rm", "-rf", bundle.root / "d"], check=True)
