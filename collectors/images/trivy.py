"""A report of Trivy about an image, as ``trivy image --format json`` writes it.

What is not taken is skipped by the decoder, descriptions and lists of packages, so that a report
of megabytes costs what it has of faults. Of a secret only its kind and its place are taken: a
report masks what it found, and quotes the lines around it.

``Results`` may be null or absent: nothing was found, or nothing was looked for, or nothing could
be. What there was is in ``classes``. What VEX or an ignore file took out of a report stands in
``ExperimentalModifiedFindings`` where ``--show-suppressed`` was asked for.

Source: Trivy v0.76.0, pkg/types/report.go and finding.go, and what it prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.images import Database, Declared, Fault, Identity, LeftSecret, Report
from auditor.platforms.images import DATABASE, REPORT
from collectors.documents.guards import Unreadable
from collectors.images.configuration import (
    UNJUDGED,
    Health,
    Line,
    Process,
    is_windows,
    steps_of,
)

SCHEMA: Final = 2
"""The schema of reports since Trivy 0.20; a later one may mean something else by the same names."""
_IMAGE: Final = "container_image"
_BOMS: Final = frozenset({"cyclonedx", "spdx"})
"""An SBOM that was scanned: of an image, where it says of which."""
_VULNERABILITY: Final = "vulnerability"
_NEVER: Final = "0001-01-01"
"""How Go writes a time that is not set begins."""


class _Identifier(msgspec.Struct, gc=False):
    purl: str = msgspec.field(default="", name="PURL")


class _Vulnerability(msgspec.Struct, gc=False, rename="pascal"):
    id: str = msgspec.field(name="VulnerabilityID")
    severity: str = "UNKNOWN"
    pkg_name: str = ""
    installed_version: str = ""
    fixed_version: str = ""
    pkg_identifier: _Identifier | None = None


class _Secret(msgspec.Struct, gc=False, rename="pascal"):
    title: str = ""
    start_line: int = 0
    rule: str = msgspec.field(default="", name="RuleID")


class _Modified(msgspec.Struct, gc=False, rename="pascal"):
    type: str = ""
    status: str = ""
    statement: str = ""
    source: str = ""
    finding: msgspec.Raw = msgspec.Raw(b"{}")


class _Result(msgspec.Struct, gc=False, rename="pascal"):
    target: str = ""
    class_: str = msgspec.field(default="", name="Class")
    vulnerabilities: list[_Vulnerability] | None = None
    secrets: list[_Secret] | None = None
    modified: list[_Modified] | None = msgspec.field(
        default=None, name="ExperimentalModifiedFindings"
    )


class _System(msgspec.Struct, gc=False, rename="pascal"):
    family: str = ""
    name: str = ""
    ended: bool = msgspec.field(default=False, name="EOSL")


class _Configuration(msgspec.Struct, gc=False):
    os: str = ""
    config: Process | None = None
    history: list[Line] | None = None


class _Metadata(msgspec.Struct, gc=False, rename="pascal"):
    system: _System | None = msgspec.field(default=None, name="OS")
    image_id: str = msgspec.field(default="", name="ImageID")
    repo_tags: list[str] | None = None
    repo_digests: list[str] | None = None
    image_config: _Configuration | None = None


class _Trivy(msgspec.Struct, gc=False, rename="pascal"):
    version: str = ""


class _Report(msgspec.Struct, gc=False, rename="pascal"):
    schema_version: int
    artifact_name: str
    artifact_type: str = ""
    created_at: str = ""
    trivy: _Trivy | None = None
    metadata: _Metadata | None = None
    results: list[_Result] | None = None


class _Suppressed(msgspec.Struct, gc=False, rename="pascal"):
    """Any finding: each kind has another field for its name."""

    vulnerability: str = msgspec.field(default="", name="VulnerabilityID")
    rule: str = msgspec.field(default="", name="RuleID")
    id: str = msgspec.field(default="", name="ID")
    pkg_name: str = ""
    severity: str = ""


class _Metadatas(msgspec.Struct, gc=False, rename="pascal"):
    updated_at: str
    next_update: str = ""


class _Version(msgspec.Struct, gc=False, rename="pascal"):
    version: str
    database: _Metadatas = msgspec.field(name="VulnerabilityDB")


_decode_report = msgspec.json.Decoder(_Report).decode
_decode_version = msgspec.json.Decoder(_Version).decode
_decode_suppressed = msgspec.json.Decoder(_Suppressed).decode


def report_of(data: bytes) -> Report | None:
    """Read a report about an image; None for one about something else.

    Raises:
        Unreadable: it is of another schema.
        msgspec.DecodeError, RecursionError: it is no report of Trivy.
    """
    found = _decode_report(data)
    if found.schema_version != SCHEMA:
        detail = f"a report of Trivy with schema {found.schema_version}, which is not known"
        hint = "make it with a version of Trivy that writes schema 2"
        raise Unreadable(GapCause.UNSUPPORTED, detail, hint, kind=REPORT)
    if found.artifact_type not in {_IMAGE, *_BOMS}:
        return None
    metadata = found.metadata or _Metadata()
    image = _identity(found, metadata)
    if found.artifact_type in _BOMS and image == Identity():
        return None
    system = metadata.system or _System()
    results = found.results or []
    return Report(
        image=image,
        scanner="Trivy",
        version=found.trivy.version if found.trivy is not None else "",
        created="" if found.created_at.startswith(_NEVER) else found.created_at,
        distribution=f"{system.family} {system.name}".strip(),
        ended=system.ended,
        **_of_configuration(metadata.image_config),
        classes=tuple(sorted({each.class_ for each in results} - {""})),
        faults=tuple(_faults(results)),
        declared=tuple(_declared(results)),
        secrets=tuple(_secrets(results)),
    )


def database_of(data: bytes) -> Database:
    """Read what ``trivy version --format json`` prints.

    Raises:
        Unreadable: it has no database.
        msgspec.DecodeError, RecursionError: it is something else.
    """
    found = _decode_version(data)
    if not found.database.updated_at or found.database.updated_at.startswith(_NEVER):
        detail = "Trivy has no database of vulnerabilities"
        raise Unreadable(
            GapCause.UNREACHABLE, detail, "trivy image --download-db-only", kind=DATABASE
        )
    return Database("Trivy", found.version, found.database.updated_at, found.database.next_update)


def _identity(found: _Report, metadata: _Metadata) -> Identity:
    digests, names = [], []
    for each in metadata.repo_digests or ():
        name, _, digest = each.partition("@")
        digests.append(digest)
        names.append(name)
    named = found.artifact_name if found.artifact_type == _IMAGE else ""
    _, _, digest = named.partition("@")
    tagged = [each for each in (named, *(metadata.repo_tags or ())) if each and "@" not in each]
    return Identity(
        digests=tuple(dict.fromkeys(each for each in (*digests, digest) if each)),
        id=metadata.image_id,
        names=tuple(dict.fromkeys(tagged)),
    )


def _of_configuration(found: _Configuration | None) -> dict[str, Any]:
    """What a report has of the configuration of the image; nothing of one without.

    Of one of Windows, where no user is not root and commands are others, it is said that it is one.
    """
    if found is None:
        return {}
    if is_windows(found.os):
        return {"unjudged": UNJUDGED}
    process = found.config or Process()
    health = process.healthcheck or Health()
    return {
        "user": process.user,
        "health": health.test or (),
        "environment": process.env or (),
        "history": steps_of(found.history),
    }


def _faults(results: Iterable[_Result]) -> Iterator[Fault]:
    """Yield each fault of each package once: a package may stand at several places."""
    seen = set()
    for result in results:
        for each in result.vulnerabilities or ():
            place = (each.id, each.pkg_name, each.installed_version)
            if place not in seen:
                seen.add(place)
                purl = each.pkg_identifier.purl if each.pkg_identifier is not None else ""
                severity = each.severity.lower()
                yield Fault(each.id, severity, *place[1:], each.fixed_version, purl)


def _declared(results: Iterable[_Result]) -> Iterator[Declared]:
    for result in results:
        for each in result.modified or ():
            found = _decode_suppressed(each.finding)
            name = found.vulnerability if each.type == _VULNERABILITY else found.rule or found.id
            said = (name, each.status, each.source, "", each.statement)
            yield Declared(*said, found.pkg_name, found.severity.lower())


def _secrets(results: Iterable[_Result]) -> Iterator[LeftSecret]:
    for result in results:
        for each in result.secrets or ():
            yield LeftSecret(each.title or each.rule, result.target, each.start_line)
