"""A fact of an object (lid), one of a target (load of a shelf), one of the run (pallet)."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import msgspec

from auditor.analysis.analyses import Table
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Spot
from auditor.model.resource import Gap, Resource
from tests.platforms.toy.platform import BOX, LID, LOAD, PALLET, SHELF

_WEIGHT = "weight"


class Lids:
    """The lid of each box that has one."""

    id = "toy-lids"
    stage = Stage.OBJECT
    kinds = frozenset({BOX})
    feeds: Feeds = MappingProxyType({LID: MappingProxyType({"": frozenset({BOX})})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        body: Any = msgspec.json.decode(resource.body) if resource.kind == BOX else {}
        lid = body.get("lid")
        if lid is None:
            return
        if not isinstance(lid, dict):
            yield Gap(
                "", resource.source, GapCause.MALFORMED, f"{resource.name}: /lid is not an object"
            )
            return
        yield msgspec.structs.replace(
            resource,
            kind=LID,
            body=msgspec.json.encode({**lid, "of": resource.name}),
            pointer="/lid",
            elsewhere=(("/of", "/name"),),
            part="lid",
            parent=resource,
        )


class Loads:
    """How much each shelf carries: its own capacity, and the weights of all boxes on it."""

    id = "toy-loads"
    stage = Stage.TARGET
    reads = frozenset({BOX, SHELF})
    feeds: Feeds = MappingProxyType(
        {LOAD: MappingProxyType({"": frozenset({SHELF}), "load": frozenset({BOX})})}
    )
    combined = frozenset({_WEIGHT})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        body = msgspec.json.decode(resource.body)
        if resource.kind == SHELF:
            origin = site.origin(resource, "", ("/capacity",))
            capacity = msgspec.json.encode({"capacity": body["capacity"]})
            yield Row((resource.name,), "shelf", origin, capacity)
        else:
            yield Row((body["shelf"],), _WEIGHT, None, b"%d" % body["weight"])

    def combine(self, one: Row, other: Row) -> Row:
        return msgspec.structs.replace(one, body=b"%d" % (int(one.body) + int(other.body)))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        for key, rows in groups:
            found = {row.tag: row for row in rows}
            shelf, weight = found.get("shelf"), found.get(_WEIGHT)
            if shelf is None or shelf.origin is None:
                continue
            body = {
                "name": key[0],
                "load": int(weight.body) if weight is not None else 0,
                **msgspec.json.decode(shelf.body),
            }
            yield Fact(
                kind=LOAD,
                key=key,
                body=msgspec.json.encode(body),
                subject=shelf.origin,
                elsewhere=(("/load", None),),
                draws_on=((shelf.origin.target, ""),),
            )


class Pallets:
    """Whose boxes stand on a pallet, whichever warehouse has them."""

    id = "toy-pallets"
    stage = Stage.RUN
    reads = frozenset({BOX})
    feeds: Feeds = MappingProxyType(
        {PALLET: MappingProxyType({"": frozenset({BOX}), "tenants": frozenset({BOX})})}
    )
    combined: frozenset[str] = frozenset()

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        body = msgspec.json.decode(resource.body)
        if "pallet" in body:
            origin = site.origin(resource, "/tenant", ("/tenant",))
            tenant = msgspec.json.encode({"tenant": body["tenant"]})
            yield Row((body["pallet"],), "box", origin, tenant)

    def combine(self, one: Row, other: Row) -> Row:
        raise NotImplementedError

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        for key, rows in groups:
            found = list(rows)
            origins = [row.origin for row in found if row.origin is not None]
            tenants = {msgspec.json.decode(row.body)["tenant"] for row in found}
            last = len(origins) - 1
            yield Fact(
                kind=PALLET,
                key=key,
                body=msgspec.json.encode({"serial": key[0], "tenants": sorted(tenants)}),
                subject=origins[0],
                related=tuple(origins[1:]),
                elsewhere=(("/serial", None), ("/tenants", Spot(last, "/tenant"))),
            )


ANALYSES = Table(of_objects=(Lids,), joining=(Loads, Pallets))
