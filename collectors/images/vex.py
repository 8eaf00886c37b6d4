"""Documents of statements about faults (VEX): OpenVEX, and CSAF as its profile VEX has it.

::

    OpenVEX   statements: [{vulnerability, products: [{@id, subcomponents}], status}]
    CSAF      vulnerabilities: [{cve, product_status: {known_not_affected: [CSAFPID-1]}}]
              product_tree                CSAFPID-1 is pkg:oci/app@sha256:…, or a part of it

Both come to the same statements: a fault, a status, products by their package URLs. Nothing is
judged by them here, and a document without an author is one without an author. The time of a
statement of OpenVEX is when it was known to be true (``timestamp``, of the document where it has
none of its own); when somebody last touched the text (``last_updated``) puts it after no other.

Sources: https://github.com/openvex/spec (v0.2.0; v0.0.1 has texts in place of objects),
https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.model.images import Product, Statement, Statements

OPENVEX: Final = "OpenVEX"
CSAF: Final = "CSAF"
_CONTEXT: Final = "https://openvex.dev/ns"
_STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "known_not_affected": "not_affected",
        "fixed": "fixed",
        "first_fixed": "fixed",
        "known_affected": "affected",
        "first_affected": "affected",
        "last_affected": "affected",
        "under_investigation": "under_investigation",
    }
)


class _Fault(msgspec.Struct, gc=False):
    id: str = msgspec.field(default="", name="@id")
    name: str = ""
    aliases: list[str] | None = None


class _Identifiers(msgspec.Struct, gc=False):
    purl: str = ""


class _Thing(msgspec.Struct, gc=False):
    id: str = msgspec.field(default="", name="@id")
    identifiers: _Identifiers | None = None
    subcomponents: list[_Thing | str] | None = None


class _Statement(msgspec.Struct, gc=False):
    vulnerability: _Fault | str = ""
    status: str = ""
    products: list[_Thing | str] | None = None
    subcomponents: list[_Thing | str] | None = None
    justification: str = ""
    impact_statement: str = ""
    status_notes: str = ""
    action_statement: str = ""
    timestamp: str = ""
    last_updated: str = ""


class _OpenVex(msgspec.Struct, gc=False):
    context: str = msgspec.field(name="@context")
    author: str = ""
    timestamp: str = ""
    last_updated: str = ""
    statements: list[_Statement] | None = None


class _Helper(msgspec.Struct, gc=False):
    purl: str = ""


class _FullName(msgspec.Struct, gc=False):
    product_id: str = ""
    product_identification_helper: _Helper | None = None


class _Branch(msgspec.Struct, gc=False):
    branches: list[_Branch] | None = None
    product: _FullName | None = None


class _Relationship(msgspec.Struct, gc=False):
    product_reference: str = ""
    relates_to_product_reference: str = ""
    full_product_name: _FullName | None = None


class _Tree(msgspec.Struct, gc=False):
    branches: list[_Branch] | None = None
    full_product_names: list[_FullName] | None = None
    relationships: list[_Relationship] | None = None


class _Publisher(msgspec.Struct, gc=False):
    name: str = ""


class _Tracking(msgspec.Struct, gc=False):
    current_release_date: str = ""


class _Document(msgspec.Struct, gc=False):
    csaf_version: str
    publisher: _Publisher | None = None
    tracking: _Tracking | None = None


class _Flag(msgspec.Struct, gc=False):
    label: str = ""
    product_ids: list[str] | None = None


class _Threat(msgspec.Struct, gc=False):
    category: str = ""
    details: str = ""
    product_ids: list[str] | None = None


class _Vulnerability(msgspec.Struct, gc=False):
    cve: str = ""
    product_status: dict[str, list[str]] | None = None
    flags: list[_Flag] | None = None
    threats: list[_Threat] | None = None


class _Csaf(msgspec.Struct, gc=False):
    document: _Document
    product_tree: _Tree | None = None
    vulnerabilities: list[_Vulnerability] | None = None


_decode_openvex = msgspec.json.Decoder(_OpenVex).decode
_decode_csaf = msgspec.json.Decoder(_Csaf).decode


def openvex_of(data: bytes) -> Statements | None:
    """Read a document of OpenVEX; None where its context is another.

    Raises:
        msgspec.DecodeError, RecursionError: it is none.
    """
    found = _decode_openvex(data)
    if not found.context.startswith(_CONTEXT):
        return None
    made = found.timestamp or found.last_updated
    return Statements(OPENVEX, found.author, tuple(_of_openvex(found.statements or (), made)))


def csaf_of(data: bytes) -> Statements:
    """Read a document of CSAF.

    Raises:
        msgspec.DecodeError, RecursionError: it is none.
    """
    found = _decode_csaf(data)
    about = found.document
    author = about.publisher.name if about.publisher is not None else ""
    made = about.tracking.current_release_date if about.tracking is not None else ""
    products = _products(found.product_tree or _Tree())
    statements = [
        statement
        for each in found.vulnerabilities or ()
        for statement in _of_csaf(each, products, made)
    ]
    return Statements(CSAF, author, tuple(statements))


def _of_openvex(found: Iterable[_Statement], made: str) -> Iterator[Statement]:
    for each in found:
        why = (
            each.justification,
            each.impact_statement or each.status_notes or each.action_statement,
        )
        yield Statement(
            tuple(dict.fromkeys(name for name in _faults(each.vulnerability) if name)),
            each.status,
            tuple(_product(thing, each.subcomponents or ()) for thing in each.products or ()),
            each.timestamp or made or each.last_updated,
            ": ".join(part for part in why if part),
        )


def _faults(said: _Fault | str) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    else:
        yield from (said.name, said.id, *(said.aliases or ()))


def _product(thing: _Thing | str, parts: Iterable[_Thing | str]) -> Product:
    own = () if isinstance(thing, str) else thing.subcomponents or ()
    return Product(_name(thing), tuple(_name(each) for each in (*own, *parts)))


def _name(thing: _Thing | str) -> str:
    if isinstance(thing, str):
        return thing
    return (thing.identifiers.purl if thing.identifiers is not None else "") or thing.id


def _of_csaf(
    found: _Vulnerability, products: Mapping[str, Product], made: str
) -> Iterator[Statement]:
    """Yield a statement for each status, and for each reason in it."""
    for status, ids in (found.product_status or {}).items():
        by_reason: dict[str, list[Product]] = {}
        for each in ids:
            if each in products:
                by_reason.setdefault(_reason(found, each), []).append(products[each])
        for why, about in by_reason.items():
            name = _STATUSES.get(status, status)
            yield Statement((found.cve,), name, tuple(about), made, why)


def _reason(found: _Vulnerability, product: str) -> str:
    """What is said of one product; what names no product is said of all."""
    flags = (each.label for each in found.flags or () if _is_about(each.product_ids, product))
    threats = (
        each.details
        for each in found.threats or ()
        if each.category == "impact" and _is_about(each.product_ids, product)
    )
    return ": ".join(part for part in (*flags, *threats) if part)


def _is_about(ids: list[str] | None, product: str) -> bool:
    return ids is None or product in ids


def _products(tree: _Tree) -> Mapping[str, Product]:
    """The products of a tree by their ids: those with a package URL, alone or as parts."""
    names = list(tree.full_product_names or ())
    waiting = list(tree.branches or ())
    while waiting:
        branch = waiting.pop()
        waiting += branch.branches or ()
        if branch.product is not None:
            names.append(branch.product)
    purls = {
        each.product_id: each.product_identification_helper.purl
        for each in names
        if each.product_identification_helper is not None
    }
    found = {name: Product(purl) for name, purl in purls.items() if purl}
    for each in tree.relationships or ():
        whole = purls.get(each.relates_to_product_reference, "")
        part = purls.get(each.product_reference, "")
        if each.full_product_name is not None and whole and part:
            found[each.full_product_name.product_id] = Product(whole, (part,))
    return found
