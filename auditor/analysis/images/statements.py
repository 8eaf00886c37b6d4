"""What was declared of faults (VEX), and to which packages of which images it applies.

::

    product                                    applies to
    pkg:apk/alpine/libx@1.0-r0                 that package in any image
    pkg:oci/app@sha256:ab…                     every package of that image
    pkg:oci/app@sha256:ab…, part pkg:apk/…     that package in that image
    urn:cdx:UUID, part pkg:apk/…               that package in the image of that SBOM

A statement about an image without a digest applies to none: its tag may lead anywhere. Of several
about one package the latest counts, by whatever name of the fault and in whatever time zone; one
that says when goes before one that does not, and of two at one time the one that settles nothing.
Other readers go by the name first: ``findings/openvex-names-before-times.sh``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

import msgspec

from auditor.analysis.ages import moment
from auditor.analysis.images.references import parsed
from auditor.late import late
from auditor.model.images import Declared, Fault, Product, Statements

SETTLED: Final = frozenset({"not_affected", "fixed"})
"""What takes a fault off the list of those that count."""
_IMAGE: Final = "pkg:oci/"
_SBOM: Final = "urn:cdx:"
_ESCAPED: Final = late(r"(?:%[0-9A-Fa-f]{2})+")


class _Purl(msgspec.Struct, frozen=True):
    """A package URL taken apart; ``name`` has its type and namespace."""

    name: str
    version: str
    qualifiers: frozenset[str]


class Statuses:
    """All statements of a run, by the faults that they are about."""

    def __init__(self) -> None:
        self._by_fault: dict[str, list[tuple[Product, Declared]]] = {}

    def add(self, document: Statements) -> None:
        """Add the statements of a document."""
        for each in document.statements:
            for fault in each.faults:
                said = Declared(fault, each.status, document.author, each.at, each.why)
                found = self._by_fault.setdefault(fault, [])
                found += ((product, said) for product in each.products)

    def of(self, fault: Fault, image: Collection[str]) -> Declared | None:
        """What counts of all that is said of a fault in an image; None where nothing is.

        ``image`` is what it surely is: its digests, its id, the serials of its SBOMs.
        """
        said = list(self._said(fault, image))
        if not said:
            return None
        last = max(said, key=_counts)
        return msgspec.structs.replace(last, package=fault.package, severity=fault.severity)

    def _said(self, fault: Fault, image: Collection[str]) -> Iterator[Declared]:
        for product, said in self._by_fault.get(fault.id, ()):
            if _is_image(product.of):
                here = _digest_of(product.of) in image
                parts = product.parts
                if here and (not parts or any(_is_package(each, fault) for each in parts)):
                    yield said
            elif _is_package(product.of, fault):
                yield said


def _counts(said: Declared) -> tuple[dt.datetime, bool, str, str]:
    return moment(said.at), said.status not in SETTLED, said.by, said.status


def _is_image(product: str) -> bool:
    return product.startswith((_IMAGE, _SBOM)) or "@sha256:" in product


def _digest_of(product: str) -> str:
    if product.startswith(_SBOM):
        return product
    if product.startswith(_IMAGE):
        return _taken_apart(product).version
    return parsed(product).digest


def _is_package(product: str, fault: Fault) -> bool:
    """Whether a package URL means the package of a fault: what it leaves out may be anything."""
    if not product.startswith("pkg:") or not fault.purl:
        return False
    asked, found = _taken_apart(product), _taken_apart(fault.purl)
    return (
        asked.name == found.name
        and asked.version in {"", found.version}
        and asked.qualifiers <= found.qualifiers
    )


@lru_cache(8_192)
def _taken_apart(purl: str) -> _Purl:
    rest, _, query = purl.partition("#")[0].partition("?")
    name, at, version = rest.rpartition("@")
    if not at:
        name, version = rest, ""
    qualifiers = frozenset(map(_plain, query.split("&"))) - {""}
    return _Purl(_plain(name).lower(), _plain(version), qualifiers)


def _plain(text: str) -> str:
    """Write what is escaped by percent signs as itself."""
    return _ESCAPED.sub(lambda found: _unescaped(found[0]), text)


def _unescaped(text: str) -> str:
    return bytes.fromhex(text.replace("%", "")).decode("utf-8", "replace")
