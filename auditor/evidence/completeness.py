"""Whether a bundle says one thing throughout: evidence, policy, results, inventory, statements.

Whoever signs can sign anything, so each is made again of the others and compared. That the verdicts
follow from the evidence is for ``auditor replay`` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

import msgspec

from auditor.errors import IntegrityError
from auditor.evidence import files, strict
from auditor.evidence.blocks import BlockReader
from auditor.evidence.layout import (
    ATTESTATIONS,
    AUDIT_FILE,
    BODIES,
    INVENTORY,
    PARTS,
    Collected,
    Division,
    Evaluation,
    Manifest,
    results_in,
)
from auditor.evidence.population import enumerated, missing_gaps, population
from auditor.evidence.reading import collected
from auditor.evidence.statements import audit_report, result_of_tests
from auditor.evidence.streamed import Cited, read_cited
from auditor.model.enums import Answered
from auditor.model.evidence import Record, by_block
from auditor.model.policy import LARGEST_FILE, policy_digest
from auditor.model.results import ResultsHead


def check_content(
    root: Path, manifest: Manifest, encoded: bytes, payloads: Mapping[str, bytes]
) -> str:
    """Compare everything with everything; what there is to say of it.

    ``encoded`` is the manifest as it stands there, ``payloads`` are the statements by their file.

    Raises:
        IntegrityError: two things do not agree.
    """
    found = collected(root, manifest)
    _check_records(root, manifest, found)
    _check_parts(root, manifest)
    results, number = None, 0
    if manifest.evaluation is not None:
        cited = read_cited(results_in(root))
        results, number = cited.results, cited.findings
        _check_results(manifest, manifest.evaluation, results)
        _check_inventory(root, found, results)
        _check_citations(found, cited)
    read = [(each.entry.uri, each.records) for each in found]
    for name, payload in payloads.items():
        if name == AUDIT_FILE:
            made = audit_report(root, manifest, encoded, results)
        else:
            made = result_of_tests(root, manifest, results, read)
        if payload != made:
            raise _wrong(f"{ATTESTATIONS}/{name}: it states something else than the results")
    gaps = sum(len(target.gaps) + bool(target.failure) for target in manifest.targets)
    if results is None:
        return f"evidence alone, nothing was judged; {gaps} gaps are stated"
    return f"{number} findings rest on its evidence; {gaps} gaps are stated"


def _check_records(root: Path, manifest: Manifest, found: Iterable[Collected]) -> None:
    """Each record has its block, each block a record, and each that failed its gap."""
    used: set[str] = set()
    partly: list[Record] = []
    there = {
        each.path.removeprefix(f"{BODIES}/").removesuffix(".zst")
        for each in manifest.files
        if each.role == "body"
    }
    for target in found:
        for record in target.records:
            if record.sha256 and record.block not in there:
                raise _wrong(f"evidence of {record.request} is not in the bundle")
            used.add(record.block)
            in_file = not record.kind and record.answered is Answered.OK
            if in_file and not record.complete:
                partly.append(record)
        for gap in missing_gaps(target.entry, target.records):
            raise _wrong(f"no gap of {target.entry.uri} tells of {gap.detail}")
    if partly:
        _check_partly(root, partly)
    for block in sorted(there - used if manifest.evaluation is not None else ()):
        raise _wrong(f"{BODIES}/{block}.zst is of no record")


def _check_partly(root: Path, partly: Iterable[Record]) -> None:
    """Files that were not read in full have their gaps beside what was understood of them."""
    # with it comes all that knows secrets, which other bundles do without
    from auditor.evidence.stored_files import tells_of_gaps  # noqa: PLC0415 - see above

    bodies = BlockReader(root / BODIES)
    for record in chain(*by_block(partly)):
        if not tells_of_gaps(bodies.body(record)):
            raise _wrong(f"no gap tells of {record.request}, which was not read in full")


def _policy(manifest: Manifest) -> Iterator[tuple[int, str, str]]:
    """The policy files, which are what the manifest says: the step before this one has seen it."""
    for each in manifest.files:
        if each.role == "policy":
            _, folder, name = each.path.split("/", 2)
            if each.size > LARGEST_FILE:
                raise _wrong(f"{each.path}: no policy file is that large")
            yield int(folder), name, each.sha256


def _check_results(manifest: Manifest, evaluation: Evaluation, results: ResultsHead) -> None:
    """The results are of this run, by this policy, and ended as it did."""
    pairs = {
        "policy": (results.tool.policy, policy_digest(_policy(manifest))),
        "version": (results.tool.version, manifest.version),
        "run": (results.run.id, manifest.run.id),
        "start": (results.run.started, manifest.run.started),
        "end": (results.run.finished, manifest.run.finished),
        "profile": (results.profile.id, evaluation.profile),
        "exit code": (results.gate.exit, evaluation.exit),
        "targets": (
            [(each.uri, each.uid, each.version) for each in results.targets],
            [(each.uri, each.uid, each.version) for each in manifest.targets],
        ),
        "list of what was left out": (
            [each.passed.excluded for each in results.targets],
            [each.passed.excluded for each in manifest.targets],
        ),
        "identities": (
            [(each.target, each.principal) for each in results.run.identity],
            [(each.uri, each.principal.name) for each in manifest.targets if each.principal.name],
        ),
    }
    for what, (said, there) in pairs.items():
        if said != there:
            raise _wrong(f"results: their {what} is not that of the bundle")


def _check_inventory(root: Path, found: Iterable[Collected], results: ResultsHead) -> None:
    """The inventory is what the records and the results come to."""
    states = [each.state for each in results.targets]
    made = {
        "kinds": msgspec.to_builtins(results.coverage.resources),
        "targets": [
            enumerated(each.entry, state, population(each.records, set()))
            for each, state in zip(found, states, strict=True)
        ],
    }
    said = strict.parse(INVENTORY, files.read(root / INVENTORY, strict.MOST_BYTES))
    if said != made:
        raise _wrong(f"{INVENTORY}: it is not what the records and the results come to")


def _check_parts(root: Path, manifest: Manifest) -> None:
    """Each target is of a part that was merged, or missing; of what no merge made nothing is."""
    if not any(each.role == "parts" for each in manifest.files):
        return
    value = strict.parse(PARTS, files.read(root / PARTS, strict.MOST_BYTES))
    found = strict.convert(PARTS, value, Division)
    said = {uri for part in found.parts for uri in part.targets} | set(found.missing)
    if said != {each.uri for each in manifest.targets}:
        raise _wrong(f"{PARTS}: its targets are not those of the bundle")
    silent = {each.uri for each in manifest.targets if each.failure}
    for uri in found.missing:
        if uri not in silent:
            raise _wrong(f"{PARTS}: {uri[:80]} is missing, and there")


def _check_citations(found: Iterable[Collected], cited: Cited) -> None:
    """Findings rest on evidence that is there."""
    known = {
        f"sha256:{record.original or record.sha256}"
        for target in found
        for record in target.records
        if record.original or record.sha256
    }
    for missing in sorted(cited.digests - known)[:1]:
        raise _wrong(f"results: findings rest on {missing[:80]}, which is not evidence here")


def _wrong(what: str) -> IntegrityError:
    return IntegrityError(what)
