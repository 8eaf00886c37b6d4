"""Whose a machine is: who has to be kept apart from others.

The first that says something counts: a map that the user gave, an attribute or a tag of the
machine, where it is, and in the end the machine itself::

    keys: attribute team, file teams.yaml, folder
    /A/vm/shared/chat    attribute team: llm                   tenant llm, by attribute team
    /A/vm/vision/rank    in the map: /A/vm/vision: research    tenant research, by file teams.yaml
    /A/vm/llm/train                                            tenant folder llm: it is not the llm
                                                               of the attribute
    /A/vm/lab/gpu/web                                          tenant lab/gpu, by folder
    /A/vm/loose                                                tenant loose, a machine by itself

Without any key it is the folder below the datacenter's own. A namespace of a supervisor is such a
folder, and a pool. Of a map the longest path counts that a machine, or its pool, is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.tenants import FILE, TenantKey, keys_from_table, map_from_table
from auditor.analysis.protocol import Tables

ATTRIBUTE, TAG = "attribute", "tag"
PLACE: Final = "place"
FOLDER, POOL, MACHINE = "folder", "pool", "machine"
_WORDS: Final = MappingProxyType(
    {POOL: "resource pool", FOLDER: "folder", MACHINE: "virtual machine"}
)
"""What names a tenant that is a place, in the order in which a name is rather theirs."""
_TOPS: Final = MappingProxyType({FOLDER: "vm", POOL: "Resources"})
"""What the folder of a datacenter, and the pool of a cluster, is called that all others are in."""


class Owned(msgspec.Struct, frozen=True):
    """What a machine tells of whose it is: where it is, where its pool is, and its name."""

    path: str
    pool: str
    name: str


class Named(msgspec.Struct, frozen=True):
    """The tenant of a machine, and what names it."""

    tenant: str
    key: str


class MachineTenants:
    """By what machines are told to be whose, as a policy says it."""

    def __init__(self, tables: Tables) -> None:
        found = keys_from_table(tables.get("tenancy-keys", ()), {FILE, ATTRIBUTE, TAG, PLACE})
        places = {key.name for key in found if key.of == PLACE}
        last = () if places & {FOLDER, MACHINE} else (TenantKey(PLACE, FOLDER),)
        self._keys = (*found, *last)
        self._paths = map_from_table(tables.get("tenant-map", ()), "paths")

    def asked(self, of: str) -> frozenset[str]:
        """Return the attributes, or the categories of tags, that are asked."""
        return frozenset(key.name for key in self._keys if key.of == of)

    @property
    def words(self) -> tuple[str, ...]:
        """What is asked by the user's wish, in turn, as it is shown."""
        return tuple(key.word for key in self._keys if key.of in {FILE, ATTRIBUTE, TAG})

    def of(self, machines: Sequence[tuple[Owned, Mapping[str, str]]]) -> list[Named]:
        """Say whose each machine is; with each comes what is written about it, by the keys."""
        found = [self._named(machine, written) for machine, written in machines]
        taken = {each.tenant for each, place in found if not place} | {*self._paths.values()}
        named: dict[int, Named] = {}
        for word in _WORDS.values():
            here = {
                number: apart(each.tenant, word, taken)
                for number, (each, place) in enumerate(found)
                if place == word
            }
            named |= {number: Named(name, word) for number, name in here.items()}
            taken |= {*here.values()}
        return [named.get(number, each) for number, (each, _) in enumerate(found)]

    def _named(self, machine: Owned, written: Mapping[str, str]) -> tuple[Named, str]:
        """Say what a machine is called by, and as which place; "" where it is by none."""
        for key in self._keys:
            place = ""
            match key.of:
                case "file":
                    found = self._mapped((machine.path, machine.pool))
                case "attribute" | "tag":
                    found = written.get(key.word, "")
                case _:
                    found, place = _place_of(machine, key.name), _WORDS[key.name]
            if found:
                return Named(found, place or key.word), place
        return Named(machine.name, _WORDS[MACHINE]), _WORDS[MACHINE]

    def _mapped(self, paths: Iterable[str]) -> str:
        """Find the tenant of the longest path of the map that something is in."""
        best, deepest = "", 0
        for path in paths:
            parts = path.split("/")
            for end in range(len(parts), deepest, -1):
                tenant = self._paths.get("/".join(parts[:end]))
                if tenant is not None:
                    best, deepest = tenant, end
                    break
        return best


def _place_of(machine: Owned, place: str) -> str:
    match place:
        case "folder":
            return _below(machine.path.rpartition("/")[0], _TOPS[FOLDER])
        case "pool":
            return _below(machine.pool, _TOPS[POOL])
        case _:
            return machine.name


def _below(path: str, top: str) -> str:
    """What of a path is below the first part of a name; no name has a slash."""
    parts = path.strip("/").split("/")
    return "/".join(parts[parts.index(top, 1) + 1 :]) if top in parts[1:] else ""


def apart(name: str, word: str, taken: Iterable[str]) -> str:
    """Call something by its place where something else has its name."""
    known = frozenset(taken)
    while name in known:
        name = f"{word} {name}"
    return name
