"""SBOMs of images: CycloneDX and SPDX as JSON, and the statements that CycloneDX may hold.

======================  ============================================  ==============================
form                    the image                                     its identity
======================  ============================================  ==============================
CycloneDX 1.2 to 1.7    ``metadata.component`` of type ``container``  purl, properties of Trivy, a
                                                                      digest as ``version`` (Syft)
SPDX 2.2 and 2.3        packages with the purpose ``CONTAINER``, or   purl, a digest as
                        that the document describes                   ``versionInfo``, comments
                                                                      of Trivy (``ImageID: …``)
======================  ============================================  ==============================

An SBOM of something else than an image is taken too, and is of no image. Of what is in an SBOM only
how many packages it lists is kept: to look for faults in them is the work of a scanner.

Sources: https://cyclonedx.org/docs/1.6/json, https://spdx.github.io/spdx-spec/v2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

import msgspec

from auditor.model.images import Identity, Product, Sbom, Statement, Statements
from collectors.images.purls import identity_of

CYCLONEDX: Final = "CycloneDX"
SPDX: Final = "SPDX"
_LINK: Final = "urn:cdx:"
_UUID: Final = "urn:uuid:"
_CONTAINER: Final = "container"
_DIGEST: Final = "sha256:"
_DESCRIBES: Final = "DESCRIBES"
_STATES: Final = {
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "false_positive": "not_affected",
    "not_affected": "not_affected",
}
"""States of CycloneDX as VEX has them."""


class _Property(msgspec.Struct, gc=False):
    name: str = ""
    value: str = ""


class _Component(msgspec.Struct, gc=False):
    type: str = ""
    name: str = ""
    version: str = ""
    purl: str = ""
    ref: str = msgspec.field(default="", name="bom-ref")
    properties: list[_Property] | None = None


class _Party(msgspec.Struct, gc=False):
    name: str = ""


class _Metadata(msgspec.Struct, gc=False):
    timestamp: str = ""
    component: _Component | None = None
    authors: list[_Party] | None = None
    manufacturer: _Party | None = None
    supplier: _Party | None = None


class _Analysis(msgspec.Struct, gc=False, rename="camel"):
    state: str = ""
    justification: str = ""
    detail: str = ""
    first_issued: str = ""
    last_updated: str = ""


class _Affects(msgspec.Struct, gc=False):
    ref: str = ""


class _Vulnerability(msgspec.Struct, gc=False):
    id: str = ""
    analysis: _Analysis | None = None
    affects: list[_Affects] | None = None


class _Bom(msgspec.Struct, gc=False, rename="camel"):
    bom_format: str
    serial_number: str = ""
    metadata: _Metadata | None = None
    components: list[_Component] | None = None
    vulnerabilities: list[_Vulnerability] | None = None


class _Reference(msgspec.Struct, gc=False, rename="camel"):
    reference_type: str = ""
    reference_locator: str = ""


class _Annotation(msgspec.Struct, gc=False):
    comment: str = ""


class _Package(msgspec.Struct, gc=False, rename="camel"):
    id: str = msgspec.field(default="", name="SPDXID")
    name: str = ""
    version: str = msgspec.field(default="", name="versionInfo")
    primary_package_purpose: str = ""
    external_refs: list[_Reference] | None = None
    annotations: list[_Annotation] | None = None


class _Relationship(msgspec.Struct, gc=False, rename="camel"):
    relationship_type: str = ""
    related: str = msgspec.field(default="", name="relatedSpdxElement")


class _Creation(msgspec.Struct, gc=False):
    created: str = ""


class _Spdx(msgspec.Struct, gc=False, rename="camel"):
    spdx_version: str
    creation_info: _Creation | None = None
    packages: list[_Package] | None = None
    relationships: list[_Relationship] | None = None
    document_describes: list[str] | None = None


_decode_bom = msgspec.json.Decoder(_Bom).decode
_decode_spdx = msgspec.json.Decoder(_Spdx).decode


def cyclonedx_of(data: bytes) -> Iterator[Sbom | Statements]:
    """Read a document of CycloneDX: an SBOM where it lists anything, statements where it has any.

    Raises:
        msgspec.DecodeError, RecursionError: it is none.
    """
    found = _decode_bom(data)
    metadata = found.metadata or _Metadata()
    image = _image(metadata.component)
    statements = tuple(_statements(found, metadata.timestamp))
    if found.components or not statements:
        packages = len(found.components or ())
        yield Sbom(image, CYCLONEDX, metadata.timestamp, packages, _serial(found))
    if statements:
        yield Statements(CYCLONEDX, _author(metadata), statements)


def spdx_of(data: bytes) -> Sbom:
    """Read a document of SPDX 2.

    Raises:
        msgspec.DecodeError, RecursionError: it is none.
    """
    found = _decode_spdx(data)
    described = {
        each.related for each in found.relationships or () if each.relationship_type == _DESCRIBES
    } | set(found.document_describes or ())
    packages = found.packages or []
    images = [
        each
        for each in packages
        if each.primary_package_purpose.lower() == _CONTAINER or each.id in described
    ]
    comments = [one.comment for each in images for one in each.annotations or ()]
    purls = [ref.reference_locator for each in images for ref in each.external_refs or ()]
    known = _known([each.partition(": ")[::2] for each in comments], images)
    created = found.creation_info.created if found.creation_info is not None else ""
    return Sbom(identity_of(purls, known), SPDX, created, len(packages))


def _known(said: Iterable[tuple[str, str]], images: Iterable[_Component | _Package]) -> Identity:
    """Which image it is by what Trivy says beside the form, and by versions that are digests."""
    by_name: dict[str, list[str]] = {}
    for name, value in said:
        by_name.setdefault(name, []).append(value)
    digests = [each.partition("@")[2] for each in by_name.get("RepoDigest", ())]
    digests += (each.version for each in images if each.version.startswith(_DIGEST))
    return Identity(
        tuple(digests),
        next(iter(by_name.get("ImageID", ())), ""),
        tuple(by_name.get("RepoTag", ())),
    )


def _image(component: _Component | None) -> Identity:
    if component is None or component.type != _CONTAINER:
        return Identity()
    said = [(each.name.rpartition(":")[2], each.value) for each in component.properties or ()]
    return identity_of([component.purl], _known(said, [component]))


def _author(metadata: _Metadata) -> str:
    names = [each.name for each in metadata.authors or ()]
    names += [each.name for each in (metadata.manufacturer, metadata.supplier) if each is not None]
    return next((each for each in names if each), "")


def _serial(found: _Bom) -> str:
    _, is_uuid, uuid = found.serial_number.lower().rpartition(_UUID)
    return _LINK + uuid if is_uuid else ""


class _Products:
    """What references lead to: packages in the image of the document, in its SBOM, or in another.

    A link into another document is ``urn:cdx:UUID/VERSION#REFERENCE``.
    """

    def __init__(self, found: _Bom) -> None:
        metadata = found.metadata or _Metadata()
        image = _image(metadata.component)
        sure = [each for each in (*image.digests, image.id) if each]
        self._of = [f"@{each}" for each in sure] or [_serial(found)]
        self._root = metadata.component.ref if metadata.component is not None else ""
        self._purls = {each.ref: each.purl for each in found.components or ()}

    def called(self, ref: str) -> Iterator[Product]:
        """Yield what a reference leads to; what nothing is known of is no package at all."""
        if ref.startswith(_LINK):
            document, _, name = ref.partition("#")
            yield Product(document.partition("/")[0].lower(), (unquote(name),))
        elif ref in self._purls or (ref and ref == self._root):
            parts = (self._purls[ref],) if ref in self._purls else ()
            yield from (Product(each, parts) for each in self._of)
        else:
            yield Product(ref)


def _statements(found: _Bom, made: str) -> Iterator[Statement]:
    """Yield what is said of each fault, of what references lead to."""
    products_of = _Products(found)
    for each in found.vulnerabilities or ():
        if each.analysis is None or not each.analysis.state:
            continue
        products = tuple(one for ref in each.affects or () for one in products_of.called(ref.ref))
        said = each.analysis
        why = ": ".join(part for part in (said.justification, said.detail) if part)
        at = said.last_updated or said.first_issued or made
        yield Statement((each.id,), _STATES.get(said.state, said.state), products, at, why)
