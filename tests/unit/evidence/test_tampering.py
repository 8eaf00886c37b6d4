"""Whatever is changed in a bundle is found, at the step that is about it, and the file is named."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

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
from tests.unit.evidence.tampers import (
    MANIFEST,
    RESULTS,
    another_hint,
    body,
    closed,
    edit,
    edit_and_rehash,
    embedded_key,
    endless,
    enveloped,
    flip,
    key_in_envelope,
    linked,
    linked_folder,
    of_another_run,
    payload_type,
    piped,
    restate,
    sign_as_another,
    signed_by_a_stranger,
    sparse,
    swap_attestations,
    swap_two,
    text_of,
    two_signatures,
    unsign,
    url_safe,
)


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
    "a link in place of a file": Case(linked, "INTEGRITY", "is not a regular file"),
    "a linked folder": Case(linked_folder, "INTEGRITY", "bodies is not a regular file"),
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
        lambda b: os.mkfifo(b.root / "policy/x"), "INTEGRITY", "policy/x is not a regular file"
    ),
    "a file of a terabyte": Case(sparse, "INTEGRITY", "results.json is not what the manifest says"),
    "a pipe in place of the manifest": Case(piped, "FORM", "manifest.json is not a regular file"),
    "a link in place of the manifest": Case(endless, "FORM", "manifest.json is not a regular file"),
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
        "NaN is not a number",
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


@pytest.mark.bulk
@pytest.mark.process
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
