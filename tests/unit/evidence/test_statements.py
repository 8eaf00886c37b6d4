"""The signed statements follow their schemas, and say what the results say."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785

from tests.e2e.command import ROOT
from tests.unit.evidence.bundles import POD, Made, made, payload_of

TESTS = "attestations/test-result.sigstore.json"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("made"))


def report(bundle: Made) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(payload_of(bundle.root))
    return value


def test_the_audit_report_follows_its_schema(signed: Made) -> None:
    schema = json.loads((ROOT / "policies/schema/audit-report.v1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(report(signed))


def test_the_bytes_are_canonical(signed: Made) -> None:
    assert payload_of(signed.root) == rfc8785.dumps(report(signed))


def test_it_says_what_the_results_say(signed: Made) -> None:
    predicate = report(signed)["predicate"]
    results = json.loads((signed.root / "results.json").read_text())
    assert predicate["coverage"] == results["coverage"]
    assert predicate["gaps"] == len(results["gaps"])
    for verdict, number in predicate["verdicts"].items():
        assert number == sum(counts[verdict] for counts in results["counts"].values())
    assert predicate["gate"]["decision"] == results["gate"]["decision"] == "fail"
    assert predicate["profile"]["policy"] == results["tool"]["policy"]


def test_the_test_result_is_about_the_audited_files(signed: Made) -> None:
    envelope = json.loads((signed.root / TESTS).read_text())["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    assert subjects["tree/pod.yaml"] == hashlib.sha256(POD.encode()).hexdigest()
    predicate = statement["predicate"]
    assert predicate["result"] == "FAILED"
    assert "k8s-container-privileged" in predicate["failedTests"]
    assert set(predicate["passedTests"]).isdisjoint(predicate["failedTests"])
    results = json.loads((signed.root / "results.json").read_text())
    assert set(predicate["failedTests"]) == {
        rule for rule, counts in results["counts"].items() if counts["fail"]
    }


def test_one_signature_each_and_no_key(signed: Made, tmp_path: Path) -> None:
    for path in (signed.root / "attestations").iterdir():
        value = json.loads(path.read_text())
        assert set(value) == {"mediaType", "verificationMaterial", "dsseEnvelope"}
        assert set(value["verificationMaterial"]) == {"publicKey", "tlogEntries"}
        (signature,) = value["dsseEnvelope"]["signatures"]
        assert set(signature) == {"sig"}
