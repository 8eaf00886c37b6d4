"""How the NVIDIA device plugin is configured to share GPUs: one fact for each configuration.

A ConfigMap holds configurations by name, and a node selects one of them by a label::

    ClusterPolicy  spec.devicePlugin.config  {name: plugin-config, default: any}
    ConfigMap      plugin-config             any:   no sharing
                                             share: time slicing, nvidia.com/gpu x 4
    Node           gpu-7                     nvidia.com/device-plugin.config: share

gives a fact for ``any``, which is the default, and one for ``share``, which gpu-7 selects. A
ConfigMap counts where the operator's ClusterPolicy names it or a pod of the plugin mounts it, and
also where nothing is known to name it and its text can be nothing else: ``version: v1`` with
``sharing`` or ``flags``. Of a cluster only those are read that something names. The texts are read
as YAML by a reader that the program brings along (:mod:`sharing_rows`); what the plugin makes of
them is :mod:`plugin_config`.

A ConfigMap that is named and was not read gives a fact without a strategy: nothing is known of it.
Whether a configuration is in effect is not said: the labels of nodes say that (:mod:`nodes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.devices import mig_profile
from auditor.analysis.gpu.naming import CONFIG_MAP, MPS_ROOT, POLICY, Naming
from auditor.analysis.gpu.plugin_config import PluginConfig, plugin_config
from auditor.analysis.gpu.plugin_flags import Start
from auditor.analysis.gpu.sharing_rows import (
    CONFIGURED,
    LABEL,
    NODE,
    READS,
    TEMPLATE,
    Text,
    extracted,
)
from auditor.analysis.paths import pointer_of
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.texts import ReadText, read_json
from auditor.model.fact import Fact, Origin
from auditor.model.resource import Resource

KIND: Final = "gpu/Sharing"

_NAMING: Final = frozenset({POLICY, TEMPLATE})
_SAID: Final = (
    *("strategy", "resources", "renames", "failsAboveOne", "listStrategies", "migStrategy"),
    *("refused", "ignored", "default", "namedBy"),
)
_RESTING: Final = MappingProxyType(
    {
        **dict.fromkeys(_SAID, _NAMING),
        **dict.fromkeys(("nodes", "nodeCount"), frozenset({NODE})),
    }
)
_SHOWN: Final = 20
_encode = msgspec.json.encode
_naming = msgspec.json.Decoder(Naming).decode
_texts = msgspec.json.Decoder(list[Text]).decode
_selected = msgspec.json.Decoder(str).decode


class _Known(msgspec.Struct):
    """What was learnt before the ConfigMaps come; ``nodes`` by the configuration they select."""

    naming: list[tuple[Naming, Origin]] = []
    nodes: dict[str, list[str]] = {}
    read: set[tuple[str, str]] = set()

    def of(self, name: str, namespace: str) -> list[tuple[Naming, Origin]]:
        """Find what names a ConfigMap; what is for the whole cluster does not say its namespace."""
        return [
            each
            for each in self.naming
            if each[0].config_map == name and each[0].namespace in ("", namespace)
        ]

    def has_read(self, naming: Naming) -> bool:
        """Say whether what is named was read; of what is in no namespace, any of that name."""
        if naming.namespace:
            return (naming.namespace, naming.config_map) in self.read
        return any(name == naming.config_map for _, name in self.read)


class Sharings(Uncombined):
    """Joins the configurations of the device plugin with what names and what selects them."""

    id = "gpu-sharing"
    stage = Stage.TARGET
    reads = READS
    by_name = frozenset({CONFIG_MAP})
    feeds: Feeds = MappingProxyType(
        {KIND: MappingProxyType({"": _NAMING | {CONFIG_MAP}, **_RESTING})}
    )

    def __init__(self, read: ReadText) -> None:
        """``read`` reads a text as YAML."""
        self._read = read

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a resource says of configurations."""
        return extracted(resource, site, self._read)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each configuration, and for each that is named and was not read."""
        known = _Known()
        for key, rows in groups:
            if key[0] == CONFIGURED:
                for row in rows:
                    yield from _of_map(known, row.read_at, _texts(row.body))
            else:
                _learn(known, rows)
        for naming, origin in known.naming:
            if naming.config_map and not known.has_read(naming):
                yield _unread(naming, origin)


def make(tables: Tables, read: ReadText = read_json) -> Sharings:
    """Make the analysis; it needs no table."""
    del tables
    return Sharings(read)


def _learn(known: _Known, rows: Iterable[Row]) -> None:
    for row in rows:
        if row.tag == "node":
            known.nodes.setdefault(_selected(row.body), []).append(row.read_at.name)
        else:
            known.naming.append((_naming(row.body), row.read_at))


def _of_map(known: _Known, origin: Origin, texts: Sequence[Text]) -> Iterator[Fact]:
    naming = known.of(origin.name, origin.namespace)
    known.read.add((origin.namespace, origin.name))
    keys = [text.key for text in texts]
    for text in texts:
        if naming or text.certain:
            yield _fact(known, origin, text, naming, keys)


def _fact(
    known: _Known,
    origin: Origin,
    text: Text,
    naming: Sequence[tuple[Naming, Origin]],
    keys: Sequence[str],
) -> Fact:
    name = naming[0][0] if naming else Naming(origin.name)
    default = name.default_of(keys) == text.key
    nodes = [*known.nodes.get(text.key, ()), *(known.nodes.get("", ()) if default else ())]
    joined = {
        "configMap": origin.name,
        "namespace": origin.namespace,
        "key": text.key,
        "label": f"{LABEL}={text.key}",
        "default": default,
        "namedBy": [_called(each) for _, each in naming],
        "nodes": sorted(nodes)[:_SHOWN],
        "nodeCount": len(nodes),
    }
    said = _said(text, name)
    body = {**joined, **said}
    line = origin.line_of(pointer_of(("data", text.key)))
    return Fact(
        kind=KIND,
        key=(origin.namespace, origin.name, text.key),
        body=_encode(body),
        subject=msgspec.structs.replace(origin, line=line),
        related=tuple(dict.fromkeys(each for _, each in naming))[:_SHOWN],
        elsewhere=tuple((f"/{field}", None) for field in body),
        draws_on=((origin.target, ""),),
        part=text.key,
    )


def _called(origin: Origin) -> str:
    """Say what an object is called: ``ClusterPolicy cluster-policy``."""
    return f"{origin.kind.partition('/')[2].partition('.')[0]} {origin.name}"


def _said(text: Text, naming: Naming) -> dict[str, object]:
    if text.failure:
        return {"refused": f"not valid YAML: {text.failure}", "strategy": "none", "resources": []}
    start = Start(naming.arguments, {"MPS_ROOT": MPS_ROOT, **naming.environment})
    return _of_config(plugin_config(text.document, start))


def _of_config(config: PluginConfig) -> dict[str, object]:
    """Say what the plugin makes of it; of what it refuses, nothing is shared."""
    body: dict[str, object] = {
        "refused": config.refusal.reason if config.refusal else "",
        "strategy": "none" if config.refusal else config.strategy,
        "resources": []
        if config.refusal
        else [
            {
                "name": entry.name,
                "resource": entry.resource,
                "replicas": entry.replicas,
                "profile": mig_profile(entry.name),
            }
            for entry in config.entries
        ],
        "renames": config.renames,
        "ignored": list(config.dropped),
    }
    if config.fails_above_one is not None:
        body["failsAboveOne"] = config.fails_above_one
    if config.flags is not None:
        body["listStrategies"] = list(config.flags.list_strategies)
        body["migStrategy"] = config.flags.texts["migStrategy"]
    return body


def _unread(naming: Naming, origin: Origin) -> Fact:
    body = {
        "configMap": naming.config_map,
        "namespace": naming.namespace,
        "default": False,
        "namedBy": [_called(origin)],
    }
    return Fact(
        kind=KIND,
        key=(naming.namespace, naming.config_map, origin.kind, origin.namespace, origin.name),
        body=_encode(body),
        subject=origin,
        elsewhere=tuple((f"/{field}", None) for field in body),
        draws_on=((origin.target, ""),),
        part=f"ConfigMap {naming.config_map}",
    )
