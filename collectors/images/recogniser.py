"""Whose a document about an image is: told by a mark that it must have, then by its fields.

A mark alone is nothing: a ConfigMap may hold an SBOM as text. A document that has the fields which
make it one of a form, and is malformed otherwise, is a gap of its kind.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.images import Database, Report, Sbom, Signature, Statements
from auditor.model.resource import Resource
from auditor.platforms.images import DATABASE, REPORT, SBOM, SIGNATURE, STATEMENTS
from collectors.documents.guards import Excess, Unreadable
from collectors.documents.json_text import paired
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    TAKES_NOTHING,
    Content,
    DocumentReader,
    FileNames,
    Recogniser,
)

Body = Report | Sbom | Statements | Signature | Database


class _Form(msgspec.Struct, frozen=True):
    """A form of documents: the mark in its text, the fields at its top, what it comes to.

    ``by`` is the function that reads one, of a module that is loaded when there is one: most trees
    have none, and what describes these documents is large.
    """

    what: str
    mark: bytes
    fields: frozenset[str]
    kind: str
    by: str

    def read(self, data: bytes) -> Iterable[Body] | Body | None:
        """Read a document; None for one of another form."""
        module, _, name = self.by.partition(":")
        found: Any = importlib.import_module(f"collectors.images.{module}")
        reads: Callable[[bytes], Iterable[Body] | Body | None] = getattr(found, name)
        return reads(data)


_FORMS: Final = (
    _Form(
        "a report of Trivy",
        b'"ArtifactName"',
        frozenset({"SchemaVersion", "ArtifactName"}),
        REPORT,
        "trivy:report_of",
    ),
    _Form(
        "the version of Trivy",
        b'"VulnerabilityDB"',
        frozenset({"Version", "VulnerabilityDB"}),
        DATABASE,
        "trivy:database_of",
    ),
    _Form("CycloneDX", b'"bomFormat"', frozenset({"bomFormat"}), SBOM, "boms:cyclonedx_of"),
    _Form("SPDX", b'"spdxVersion"', frozenset({"spdxVersion"}), SBOM, "boms:spdx_of"),
    _Form(
        "OpenVEX",
        b"https://openvex.dev/ns",
        frozenset({"@context", "statements"}),
        STATEMENTS,
        "vex:openvex_of",
    ),
    _Form("CSAF", b'"csaf_version"', frozenset({"document"}), STATEMENTS, "vex:csaf_of"),
    _Form(
        "an attestation",
        b'"payloadType"',
        frozenset({"dsseEnvelope"}),
        SIGNATURE,
        "signatures:attestations_of",
    ),
)
_LISTS: Final = (
    _Form(
        "what cosign verified",
        b'"docker-manifest-digest"',
        frozenset(),
        SIGNATURE,
        "signatures:verified_of",
    ),
)
_KINDS: Final = {
    Report: REPORT,
    Sbom: SBOM,
    Statements: STATEMENTS,
    Signature: SIGNATURE,
    Database: DATABASE,
}
_decode_top = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class ImageDocuments(Recogniser):
    """Takes documents about images."""

    names = FileNames((".json",))

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take a file that is one such document."""
        start = data[:64].lstrip()[:1]
        forms = _FORMS if start == b"{" else _LISTS if start == b"[" else ()
        for form in forms:
            if form.mark in data:
                found = _read(form, paired(data))
                if found is not None:
                    return _Document(ledger, found)
        return None

    def may_be_in(self, text: str) -> bool:
        """Return whether a text that can't be parsed may be one."""
        return any(form.mark.decode() in text for form in (*_FORMS, *_LISTS))

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed: none of its documents is one."""
        del ledger
        return TAKES_NOTHING


def _read(form: _Form, data: bytes) -> list[Body] | Unreadable | None:
    """Read a document as one of a form: what it comes to, why it can't be, None for another's."""
    try:
        found = form.read(data)
        if found is None:
            return None
        if isinstance(found, Report | Sbom | Statements | Signature | Database):
            return [found]
        return list(found)
    except Unreadable as error:
        return error
    except msgspec.ValidationError as error:
        detail = f"{form.what} that is malformed: {error}"
        return Unreadable(GapCause.MALFORMED, detail, kind=form.kind) if _is(form, data) else None
    except RecursionError:
        detail = f"{form.what} that is nested too deeply"
        return Unreadable(GapCause.MALFORMED, detail, Excess.DEPTH, kind=form.kind)
    except msgspec.DecodeError:
        return None


def _is(form: _Form, data: bytes) -> bool:
    """Whether a document has what makes it one of a form."""
    try:
        return bool(form.fields) and form.fields <= _decode_top(data).keys()
    except (msgspec.DecodeError, RecursionError):
        return False


class _Document:
    """Implements :class:`collectors.documents.recognise.Content`."""

    def __init__(self, ledger: Ledger, found: list[Body] | Unreadable) -> None:
        self._ledger = ledger
        self._found = found

    def resources(self) -> Iterator[Resource]:
        """Yield what the document comes to.

        Raises:
            Unreadable: it is malformed.
        """
        if isinstance(self._found, Unreadable):
            raise self._found
        source = self._ledger.source
        for number, body in enumerate(self._found):
            yield Resource(
                kind=_KINDS[type(body)],
                api_version="",
                name=_name(body) or source,
                namespace="",
                uid=f"{source}#{number}",
                source=source,
                document=number,
                line=1,
                body=msgspec.json.encode(body),
                clean=False,
            )

    def line(self, number: int, pointer: str) -> int:
        """Return the first line: what is taken stands all over the document."""
        del number, pointer
        return 1

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the first line."""
        del number, pointer, value
        return [1]

    def all_lines(self, number: int) -> None:
        """Tell that lines have to be looked up."""
        del number

    def original(self, number: int) -> None:
        """Tell that the body of a resource has its secrets."""
        del number


def _name(body: Body) -> str:
    if isinstance(body, Statements):
        return body.author
    if isinstance(body, Database):
        return body.scanner
    image = body.image
    return next(iter((*image.names, *image.digests, image.id)), "")


IMAGE_DOCUMENTS: Final = ImageDocuments()
