"""The fact about one image of one owner: what counts, what was declared, what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from auditor.analysis.ages import day_of, days
from auditor.analysis.images.knowing import Joined, Wanted
from auditor.analysis.images.rows import WORST
from auditor.analysis.images.statements import SETTLED, Statuses
from auditor.model.images import Declared, Fault, LeftSecret, Report, Signature

MOST: Final = 50
"""So many of a kind are in a fact; how many there are is in its counts."""
_PACKAGES: Final = frozenset({"os-pkgs", "lang-pkgs"})
_IGNORED: Final = "ignored"


class Documents(msgspec.Struct, frozen=True):
    """What there is of an image beside its report; ``database`` is when the newest was made.

    ``serials`` are those of SBOMs that are surely about it.
    """

    statuses: Statuses
    has_bom: bool
    serials: frozenset[str]
    signatures: Sequence[Signature]
    database: str
    day: str


class ScannedFact(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An image of an owner, by the newest report about it.

    ``joined``: by a digest, or by a tag alone. ``critical`` and ``high`` are faults with a fix that
    nobody declared settled, the first of ``critical_count`` and ``high_count``. ``unfixed`` is how
    many of either have no fix. ``secrets_looked``: it is known that secrets were looked for.
    ``unknown`` is why nothing is known of faults. Ages are in days.
    """

    image: str
    by: str
    joined: str
    critical_count: int
    high_count: int
    unfixed: int
    secret_count: int
    critical: tuple[Fault, ...]
    high: tuple[Fault, ...]
    declared: tuple[Declared, ...]
    secrets: tuple[LeftSecret, ...]
    secrets_looked: bool
    has_sbom: bool
    signature: str
    scanner: str
    digest: str = ""
    created: str = ""
    age: int | None = None
    database: str = ""
    database_age: int | None = None
    distribution: str = ""
    ended: bool | None = None
    unknown: str = ""


def scanned(
    image: str, by: str, report: Report, how: Joined, wanted: Wanted, documents: Documents
) -> ScannedFact:
    """Say what a report comes to for an image, with what was declared of its faults."""
    digests = {*wanted.digests, *report.image.digests}
    sure = {*digests, *wanted.ids, report.image.id, *documents.serials} - {""}
    counted: list[Fault] = []
    declared = [each for each in report.declared if each.status in {*SETTLED, _IGNORED}]
    for fault in report.faults:
        said = documents.statuses.of(fault, sure)
        if said is not None and said.status in SETTLED:
            declared.append(said)
        else:
            counted.append(fault)
    by_severity = {severity: _fixable(counted, severity) for severity in WORST}
    critical, high = by_severity["critical"], by_severity["high"]
    return ScannedFact(
        image=image,
        by=by,
        joined=how.value,
        critical_count=len(critical),
        high_count=len(high),
        unfixed=sum(not each.fixed_in for each in counted),
        secret_count=len(report.secrets),
        critical=tuple(critical[:MOST]),
        high=tuple(high[:MOST]),
        declared=tuple(declared[:MOST]),
        secrets=report.secrets[:MOST],
        secrets_looked=bool({"secret"} & {*report.looked, *report.classes}),
        has_sbom=documents.has_bom,
        signature=_signature(documents.signatures),
        scanner=f"{report.scanner} {report.version}".strip(),
        digest=min(digests, default=""),
        created=day_of(report.created),
        age=days(report.created, documents.day),
        database=day_of(documents.database),
        database_age=days(documents.database, documents.day),
        distribution=report.distribution,
        ended=report.ended if report.distribution else None,
        unknown="" if _PACKAGES & set(report.classes) else _nothing(report),
    )


def _fixable(faults: Iterable[Fault], severity: str) -> list[Fault]:
    found = (each for each in faults if each.severity == severity and each.fixed_in)
    return sorted(found, key=lambda each: (each.id, each.package))


def _signature(signatures: Sequence[Signature]) -> str:
    """Whether there is a signature of the image, and whether somebody verified one."""
    if any(each.verified for each in signatures):
        return "verified"
    return "unverified" if signatures else ""


def _nothing(report: Report) -> str:
    what = f" of {report.distribution}" if report.distribution else ""
    why = f"none that {report.scanner} knows are in it, or nobody asked for faults"
    return f"the report{what} has no packages: {why}"
