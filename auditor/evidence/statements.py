"""What is signed: in-toto statements (Statement v1) about a bundle.

The audit report says what was audited, how, and what came of it; its only subject is the manifest,
which has the digest of everything else. The test result says it in words that admission
controllers know (https://in-toto.io/attestation/test-result/v0.1).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import rfc8785

from auditor.errors import IntegrityError
from auditor.evidence.layout import EVIDENCE, MANIFEST, Manifest, results_in
from auditor.evidence.population import left_out
from auditor.evidence.reading import records_of
from auditor.evidence.streamed import read_head
from auditor.model.evidence import Record
from auditor.model.results import ResultsHead

STATEMENT: Final = "https://in-toto.io/Statement/v1"
AUDIT_REPORT: Final = "urn:auditor:attestation:audit-report:v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
MOST_SUBJECTS: Final = 1000
"""sigstore-go refuses a statement of more than 1,024."""
_RESULT: Final = {"pass": "PASSED", "fail": "FAILED", "incomplete": "WARNED"}


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a statement is about."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"kind": "_type"}):
    """A statement, taken apart."""

    kind: str
    subject: tuple[Subject, ...]
    predicateType: str  # noqa: N815 - the field's name
    predicate: dict[str, Any]


def audit_report(
    root: Path, manifest: Manifest, manifest_bytes: bytes, results: ResultsHead | None = None
) -> bytes:
    """The statement that a bundle is signed by, in canonical JSON (RFC 8785).

    It is made of the bundle alone, so whoever verifies makes it again and compares. ``results``
    are those in it, where they were read already.

    Raises:
        IntegrityError: the results can't be read.
    """
    subject = [{"name": MANIFEST, "digest": {"sha256": _sha256(manifest_bytes)}}]
    return _statement(subject, AUDIT_REPORT, _audit(root, manifest, results))


def _audit(root: Path, manifest: Manifest, results: ResultsHead | None) -> dict[str, Any]:
    predicate: dict[str, Any] = {
        "verifier": {"id": "urn:auditor:tool", "version": manifest.version},
        "run": msgspec.to_builtins(manifest.run),
        "scope": [
            {
                "uri": target.uri,
                "uid": target.uid,
                "version": target.version,
                "principal": target.principal.name,
                "gaps": len(target.gaps) + bool(target.failure),
                **left_out(target),
            }
            for target in manifest.targets
        ],
        "evaluated": manifest.evaluation is not None,
    }
    if manifest.evaluation is None:
        return predicate
    results = results or read_head(results_in(root))
    verdicts: Counter[str] = Counter()
    for counts in results.counts.values():
        verdicts.update(msgspec.to_builtins(counts))
    return {
        **predicate,
        "profile": {
            "id": manifest.evaluation.profile,
            "parameters": dict(manifest.evaluation.parameters),
            "policy": results.tool.policy,
        },
        "coverage": msgspec.to_builtins(results.coverage),
        "verdicts": dict(verdicts),
        "gaps": len(results.gaps),
        "gate": {
            "expression": results.gate.expression,
            "decision": results.gate.decision.value,
            "exit": results.gate.exit,
        },
        "evaluationTime": manifest.run.finished,
    }


def result_of_tests(
    root: Path,
    manifest: Manifest,
    results: ResultsHead | None = None,
    read: Iterable[tuple[str, Iterable[Record]]] | None = None,
) -> bytes:
    """The statement for admission: which rules passed, warned and failed on which artefacts.

    ``results`` and ``read``, the records of each target by its URI, are those of the bundle, for
    who has them already; else records are read part by part, never all at once.

    Raises:
        IntegrityError: the results or the evidence can't be read.
    """
    results = results or read_head(results_in(root))
    passed, warned, failed = _by_rule(results)
    name, digest = results.tool.policy.partition(":")[::2]
    predicate = {
        "result": _RESULT[results.gate.decision],
        "configuration": [{"name": "policy", "digest": {name: digest}}],
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }
    return _statement(_artefacts(manifest, read or _read(root, manifest)), TEST_RESULT, predicate)


def _by_rule(results: ResultsHead) -> tuple[list[str], list[str], list[str]]:
    """The rules that passed, that could not be decided everywhere, that failed."""
    passed, warned, failed = [], [], []
    for rule, counts in sorted(results.counts.items()):
        if counts.fail:
            failed.append(rule)
        elif counts.unknown or counts.manual:
            warned.append(rule)
        elif counts.passed:
            passed.append(rule)
    return passed, warned, failed


def _read(root: Path, manifest: Manifest) -> Iterator[tuple[str, Iterator[Record]]]:
    for number, target in enumerate(manifest.targets):
        yield target.uri, records_of(root, number)


def _artefacts(
    manifest: Manifest, read: Iterable[tuple[str, Iterable[Record]]]
) -> list[dict[str, Any]]:
    """The audited files by their digest; where they are too many, or answers, the evidence."""
    found: dict[str, str] = {}
    for uri, records in read:
        for record in records:
            if record.original:
                found.setdefault(record.original, f"{uri}/{record.request}")
            if len(found) > MOST_SUBJECTS:
                break
    parts = [each for each in manifest.files if each.path.startswith(f"{EVIDENCE}/")]
    if not 0 < len(found) <= MOST_SUBJECTS:
        found = {each.sha256: each.path for each in parts[:MOST_SUBJECTS]}
    named = sorted((name, digest) for digest, name in found.items())
    return [{"name": name, "digest": {"sha256": digest}} for name, digest in named]


def _statement(subject: Iterable[Any], kind: str, predicate: dict[str, Any]) -> bytes:
    value: dict[str, Any] = {
        "_type": STATEMENT,
        "subject": list(subject),
        "predicateType": kind,
        "predicate": predicate,
    }
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise IntegrityError(f"{kind}: {error}", hint="the results hold no such number") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
