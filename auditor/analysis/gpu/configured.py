"""How the device plugin of a node is configured, where no label of the node says what it shares.

GPU feature discovery labels what a node shares; without it only the plugin's configuration tells::

    Node       capacity nvidia.com/gpu: 8, and no label       8 of what?
    ConfigMap  time-slicing, nvidia.com/gpu x 4               2 GPUs, four pods take turns on each

A configuration need not be in effect, so nothing is proven by it: what follows is possible, and the
matrix says that it rests on the ConfigMap. One that was not read is named. Where labels are there
they count, and a configuration that says another thing is a note.

Who writes it: whoever may write ConfigMaps in the namespace of the operator, and labels of nodes.

How often plugins of other makers give out a GPU no label says, but what they are told
(:mod:`intel`, :mod:`turns`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.analysis.gpu.accelerators import Sort, offered_as
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import INTEL
from auditor.analysis.gpu.naming import MPS_ROOT, Naming
from auditor.analysis.gpu.nodes import NodeRow, Offer
from auditor.analysis.gpu.plugin_config import plugin_config
from auditor.analysis.gpu.plugin_flags import Start
from auditor.analysis.gpu.plugins import Sharing
from auditor.analysis.gpu.sharing_rows import LABEL, Text

_SEVERAL: Final = 2
_MECHANISMS: Final[Mapping[str, Mechanism]] = {
    "time-slicing": Mechanism.TIME_SLICING,
    "mps": Mechanism.MPS,
}


class Configured(msgspec.Struct, frozen=True):
    """What a node shares by its configuration: slots of a device, by the name that pods ask for.

    ``source`` is the ConfigMap in words; ``read``: it was read, and a text of it counts here.
    ``refused``: the plugin takes no such text, so what it shares is what it was told before.
    """

    source: str
    read: bool
    mechanism: Mechanism = Mechanism.EXCLUSIVE
    slots: dict[str, int] = {}
    refused: bool = False


class Configurations:
    """Learns what names configurations and what they say."""

    def __init__(self) -> None:
        self._namings: list[Naming] = []
        self._texts: dict[tuple[str, str], Sequence[Text]] = {}
        self._known: dict[str, Configured | None] = {}
        self._plugins: list[Sharing] = []

    def name(self, naming: Naming) -> None:
        """Learn that something names a ConfigMap."""
        if naming.config_map:
            self._namings.append(naming)

    def read(self, namespace: str, name: str, texts: Sequence[Text]) -> None:
        """Learn what a ConfigMap says."""
        self._texts[namespace, name] = texts

    def share(self, sharing: Sharing) -> None:
        """Learn how often a plugin of another maker gives out a device, and on which nodes."""
        self._plugins.append(sharing)

    def applied(self, offer: Offer, row: NodeRow) -> Offer:
        """Say what a node offers by what is configured for it."""
        others = offered_as(offer.resource).sort
        if not offer.resource.startswith(INTEL) and others is Sort.NONE:
            return as_configured(offer, row, self.of(row))
        if others in (Sort.WHOLE, Sort.PART):
            return offer
        here = [
            each
            for each in self._plugins
            if offer.resource.startswith(each.gpus) and each.runs_on(row.every_label)
        ]
        if not here:
            return offer
        most = max(here, key=lambda each: each.times)  # of several plugins on a node
        whose = "Intel's" if most.gpus == INTEL else "its maker's"
        return _divided(offer, most.times, Mechanism(most.mechanism), f"{whose} plugin")

    def of(self, row: NodeRow) -> Configured | None:
        """Say what a node shares by its configuration; None where nothing names one."""
        selected = row.labels.get(LABEL, "")
        if selected not in self._known:
            self._known[selected] = self._chosen(selected)
        return self._known[selected]

    def _chosen(self, selected: str) -> Configured | None:
        found = None
        for naming in self._namings:
            where = f"{naming.namespace}/" if naming.namespace else ""
            found = found or Configured(f"ConfigMap {where}{naming.config_map}", read=False)
            for texts in self._named(naming):
                text = _counts(naming, selected, texts)
                if text is not None:
                    return _said(found.source, naming, text)
        return found

    def _named(self, naming: Naming) -> Iterator[Sequence[Text]]:
        for (namespace, name), texts in sorted(self._texts.items()):
            if name == naming.config_map and naming.namespace in ("", namespace):
                yield texts


def _counts(naming: Naming, selected: str, texts: Sequence[Text]) -> Text | None:
    """Find the text that counts for a node; one that shares nothing may be left out of the rows."""
    key = naming.file or selected or naming.default_of([text.key for text in texts])
    return next((text for text in texts if text.key == key), Text(key))


def _said(source: str, naming: Naming, text: Text) -> Configured:
    if text.failure:
        return Configured(source, read=True, refused=True)
    start = Start(naming.arguments, {"MPS_ROOT": MPS_ROOT, **naming.environment})
    config = plugin_config(text.document, start)
    if config.refusal is not None:
        return Configured(source, read=True, refused=True)
    mechanism = _MECHANISMS.get(config.strategy, Mechanism.EXCLUSIVE)
    return Configured(source, read=True, mechanism=mechanism, slots=config.replicas())


def as_configured(offer: Offer, row: NodeRow, found: Configured | None) -> Offer:
    """Say what a node offers where its labels do not: by its configuration, proving nothing."""
    if found is None or f"{offer.resource.removesuffix('.shared')}.replicas" in row.labels:
        return offer
    if not found.read:
        doubt = f"{offer.doubt}; {found.source}, which says how it is shared, was not read"
        return replace(offer, doubt=doubt)
    if found.refused:
        doubt = f"{offer.doubt}; {found.source}, which says how it is shared, is not valid"
        return replace(offer, doubt=doubt)
    slots = found.slots.get(offer.resource, 1)
    return offer if slots < _SEVERAL else _divided(offer, slots, found.mechanism, found.source)


def _divided(offer: Offer, slots: int, mechanism: Mechanism, source: str) -> Offer:
    return replace(
        offer,
        devices=max(offer.devices // slots, 1),
        per_device=slots,
        sharing=mechanism,
        doubt=f"{offer.doubt}; by {source} each is given out {slots} times",
    )
