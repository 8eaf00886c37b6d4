"""Gives the rows of a target to its estate, in the order of their keys (:mod:`rows`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from auditor.analysis.gpu.dra import ClaimRow, SliceRow, pool_of
from auditor.analysis.gpu.estate import Estate
from auditor.analysis.gpu.naming import Naming
from auditor.analysis.gpu.nodes import NodeRow
from auditor.analysis.gpu.plugins import Sharing
from auditor.analysis.gpu.pods import PodUse
from auditor.analysis.gpu.rows import (
    CLAIMS,
    NAMING,
    NODES,
    POOLS,
    RIGHTS,
    RUNTIMES,
    TENANTS,
    TEXTS,
    VARIABLES,
)
from auditor.analysis.gpu.sharing_rows import Text
from auditor.analysis.gpu.tenants import NamespaceMarks
from auditor.analysis.protocol import Row
from auditor.model.fact import Origin

_marks = msgspec.json.Decoder(NamespaceMarks).decode
_slice = msgspec.json.Decoder(SliceRow).decode
_claim = msgspec.json.Decoder(ClaimRow).decode
_node = msgspec.json.Decoder(NodeRow).decode
_pod = msgspec.json.Decoder(PodUse).decode
_naming = msgspec.json.Decoder(Naming).decode
_texts = msgspec.json.Decoder(list[Text]).decode
_variables = msgspec.json.Decoder(dict[str, str]).decode
_sharing = msgspec.json.Decoder(Sharing).decode
_handler = msgspec.json.Decoder(str).decode
_REMEMBERED: Final = 1_024
"""Of so many templates what their pods have is remembered."""


def _marked(estate: Estate, namespace: str, row: Row) -> None:
    """Add what names a tenant: marks of a namespace, or of one of its pods."""
    if row.tag == "pod":
        estate.tenants.pod(namespace, row.read_at.name, _marks(row.body))
    else:
        estate.namespace(namespace, _marks(row.body), row.read_at)


def learn(estate: Estate, key: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Add the rows of one key."""
    if key[0] == TENANTS:
        for row in rows:
            _marked(estate, key[1], row)
    elif key[0] == POOLS:
        estate.pool(key[1], key[2], pool_of(_slice(row.body) for row in rows))
    elif key[0] == CLAIMS:
        for row in rows:
            estate.claim(key[1], key[2], _claim(row.body), row.read_at)
    elif key[0] in (RUNTIMES, NAMING, TEXTS):
        for row in rows:
            _learn_settings(estate, key, row)
    elif key[0] == RIGHTS:
        estate.rights.learn(rows)
    elif key[0] == NODES:
        node: NodeRow | None = None
        place: Origin | None = None
        pods: list[tuple[Origin, PodUse]] = []
        for row in rows:
            if row.tag == "node":
                node, place = _node(row.body), row.read_at
            else:
                pods.append((row.read_at.sharing(), _use(estate, row.body)))
        estate.node(key[1], node, place, pods)


def _use(estate: Estate, body: bytes) -> PodUse:
    """What a pod has; pods of one template have the same, which is held once."""
    known = estate.uses.get(body)
    if known is None:
        if len(estate.uses) >= _REMEMBERED:
            estate.uses.clear()
        known = estate.uses[body] = _pod(body)
    return known


def _learn_settings(estate: Estate, key: tuple[str, ...], row: Row) -> None:
    """Add what runs pods, and how plugins are configured."""
    if key[0] == RUNTIMES:
        estate.handlers[key[1]] = _handler(row.body)
    elif key[0] == NAMING:
        if row.tag == "sharing":
            estate.configurations.share(_sharing(row.body))
        else:
            estate.configurations.name(_naming(row.body))
    elif row.tag == VARIABLES:
        estate.variables[key[1], key[2]] = _variables(row.body)
    else:
        estate.variables.setdefault((key[1], key[2]), {})
        estate.configurations.read(key[1], key[2], _texts(row.body))
