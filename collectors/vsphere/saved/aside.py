"""What was saved beside an object: what its managers told when they were asked.

``govc object.save`` calls few methods (``cli/object/save.go``): the alarms and what machines may
have are among them, lockdown and packages of hosts are not. What other programs saved in the same
way is read as well.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from xml.etree.ElementTree import Element

from collectors.documents.recognise import Tree as Files
from collectors.vsphere.kinds.asked import ALARM_PATH, ALARM_TYPE, ASKED, Asked
from collectors.vsphere.kinds.kind import TEXT
from collectors.vsphere.live.asking import alarms_of, answer_of, head_of
from collectors.vsphere.live.markup import Refused, name_of, parse, text_of
from collectors.vsphere.live.pages import Found
from collectors.vsphere.saved.inventory import Inventory
from collectors.vsphere.saved.names import Reference, returned_by
from collectors.vsphere.saved.objects import MOST_BYTES, object_of, value_at

_ALARMS: Final = "GetAlarm"
_OF: Final[Mapping[str, str]] = MappingProxyType({"ClusterComputeResource": "ComputeResource"})
"""Types that are asked as those above them."""


class NotSaved(Refused):
    """Something that no file is of."""


class Aside:
    """What stands beside one object of an inventory."""

    def __init__(self, files: Files, inventory: Inventory, found: Found) -> None:
        self._files = files
        self._inventory = inventory
        self._found = found

    def paths(self) -> list[str]:
        """The files that there are, below the target, in order."""
        found = {path for path in self._expected() if path and self._has(path)}
        return sorted(found)

    def digest(self) -> str:
        """A digest of what is in them, "" where there are none."""
        paths = self.paths()
        digest = hashlib.sha256()
        for path in paths:
            digest.update(f"{path}\0".encode("utf-8", "surrogateescape"))
            digest.update(hashlib.sha256(self._data(path)).digest())
        return digest.hexdigest() if paths else ""

    def kinds(self) -> Iterator[tuple[str, Asked]]:
        """Yield what its managers tell, of what was saved of any object."""
        of = _OF.get(self._found.type, self._found.type)
        for kind, asked in ASKED.items():
            if asked.of == of and asked.type in self._inventory.told:
                yield kind, asked

    def body(self, asked: Asked) -> dict[str, Any]:
        """Read what one of its managers told.

        Raises:
            NotSaved: there is no file of it.
            Refused: it is not what the API says that it is.
        """
        path = self._path(asked)
        if asked.method:
            elements = self._returned(path, asked.method)
        else:
            manager = self._object(path, Reference(asked.type, self._manager(asked)))
            value = manager.values.get(asked.field)
            if value is None:
                raise NotSaved(f"{asked.field} was not saved")
            elements = [value]
        return {**head_of(self._found, self._inventory.tree), **answer_of(asked, elements)}

    def alarms(self) -> dict[str, Any]:
        """Read all alarms, of their manager.

        Raises:
            NotSaved: one of them has no file.
            Refused: one of them is not what the API says that it is.
        """
        listed = self._returned(self._of_method(_ALARMS), _ALARMS)
        found: list[Element] = []
        for each in listed:
            reference = Reference(ALARM_TYPE, text_of(each))
            alarm = self._object(self._inventory.files.get(reference, ""), reference)
            found += [alarm.values[ALARM_PATH]] if ALARM_PATH in alarm.values else []
        return alarms_of(found, self._inventory.root)

    def _expected(self) -> Iterator[str]:
        if self._found.type == "AlarmManager":
            yield self._of_method(_ALARMS)
            yield from (
                path for each, path in self._inventory.files.items() if each.type == ALARM_TYPE
            )
        for _, asked in self.kinds():
            yield self._path(asked)

    def _path(self, asked: Asked) -> str:
        reference = Reference(asked.type, self._manager(asked))
        if not asked.method:
            return self._inventory.files.get(reference, "")
        return posixpath.join(self._inventory.folder, returned_by(reference, asked.method))

    def _of_method(self, method: str) -> str:
        reference = Reference(self._found.type, self._found.identity)
        return posixpath.join(self._inventory.folder, returned_by(reference, method))

    def _manager(self, asked: Asked) -> str:
        return text_of(value_at(self._found.values, asked.path, TEXT))

    def _returned(self, path: str, method: str) -> Sequence[Element]:
        root = parse(self._read(path))
        if name_of(root) != f"{method}Response":
            raise Refused(f"{posixpath.basename(path)}: it is not what {method} returns")
        return list(root)

    def _object(self, path: str, reference: Reference) -> Found:
        return object_of(self._read(path), reference)

    def _read(self, path: str) -> bytes:
        data = self._data(path) if path else b""
        if not data:
            raise NotSaved("no file is of it")
        return data

    def _has(self, path: str) -> bool:
        return bool(self._data(path))

    def _data(self, path: str) -> bytes:
        try:
            return self._files.read(path, MOST_BYTES)
        except OSError:
            return b""


def never_saved(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Yield the kinds of which nothing was saved of any object, and by which methods they come."""
    types = {_OF.get(each.type, each.type) for each in inventory.files}
    for kind, asked in ASKED.items():
        if asked.of in types and asked.type not in inventory.told:
            yield kind, asked.method or f"{asked.type}.{asked.field}"
