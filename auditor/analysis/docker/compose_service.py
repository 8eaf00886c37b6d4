"""One service of a compose file, and the fields that are read of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from auditor.analysis.docker.workload import Fields
from auditor.model.resource import Resource


class UnexpectedError(Exception):
    """That a field is of another type than Compose takes."""


class Service:
    """One service, and the fields that are read of it."""

    def __init__(self, resource: Resource) -> None:
        self.body: dict[str, Any] = msgspec.json.decode(resource.body)
        self.labels = dict(resource.labels)
        self.fields = Fields()
        self.partial = resource.partial

    def get(self, name: str, kind: type) -> Any:
        """The field of a type, or the text of one that is not known yet; None where there is none.

        Raises:
            UnexpectedError: it is of another type.
        """
        return checked(self.body.get(name), name, kind)

    def put(self, name: str, key: str, kind: type, default: object = None) -> None:
        """Set what is written, else what it is by default, where there is a default."""
        value = self.get(key, kind)
        if value is not None:
            self.fields.put(name, value, f"/{key}")
        else:
            self.default(name, default, f"/{key}")

    def found(self, name: str, value: object, default: object, pointer: str) -> None:
        """Set a value that was found, else its default."""
        if value is not None:
            self.fields.put(name, value, pointer)
        else:
            self.default(name, default, pointer)

    def default(self, name: str, value: object, pointer: str) -> None:
        """Set what is not written; nothing of a service that only changes another one."""
        if value is not None and not self.partial:
            self.fields.put(name, value, pointer)

    def each(
        self,
        name: str,
        items: Iterable[tuple[object, str]],
        pointer: str,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Set a list of items with their pointers; where there are none, that is a default."""
        found = list(items)
        if found:
            self.fields.put_each(name, found, pointer, names)
        else:
            self.default(name, [], pointer)


def checked(value: Any, name: str, kind: type) -> Any:
    """Return a value of a type, or the text of one that is not known yet, or None.

    Raises:
        UnexpectedError: it is of another type.
    """
    if value is None or isinstance(value, kind) or is_open(value):
        return value
    raise UnexpectedError(f"{name} is not what Compose takes there")


def is_open(value: object) -> bool:
    """Whether a value depends on a variable that no file gives."""
    return isinstance(value, str) and "{{" in value


def items_of(service: Service, key: str, kind: type) -> Iterator[tuple[Any, str]]:
    """The items of a list, with their pointers."""
    found = service.get(key, list)
    for number, item in enumerate(found if isinstance(found, list) else ()):
        yield checked(item, key, kind), f"/{key}/{number}"


def below(service: Service, *keys: str) -> Any:
    """What stands below keys; None where nothing does."""
    value: Any = service.body
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
