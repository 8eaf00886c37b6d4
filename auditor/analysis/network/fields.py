"""Fields of policies, read as their API has them: what is of another type is refused at its place.

What an API server would refuse is not guessed at: :class:`NotValidError` says what and where, and
the policy is one of which nobody knows what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from auditor.analysis.label_selectors import Requirements, of_selector
from auditor.analysis.network.addresses import Block, block_of
from auditor.analysis.network.ports import FIRST, LAST, NamedPort, PortRange, Protocol
from auditor.late import late
from auditor.secrets.marks import has_marker

_NETWORK: Final = late(r"[0-9A-Fa-f:.]+/[0-9]{1,3}")
_NAME: Final = late(r"(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")
"""An IANA service name (RFC 6335, section 5.1), as ports of containers are called."""
_SELECTOR: Final = frozenset({"matchLabels", "matchExpressions"})
_LABEL: Final = late(
    r"(?:(?=.{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?"
    r"(?=.{1,63}\Z)[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
)
"""A qualified name (k8s.io/apimachinery, util/validation)."""
_VALUE: Final = late(r"(?=.{0,63}\Z)(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
Value = TypeVar("Value")
Json = Mapping[str, object]


def is_label(text: str) -> bool:
    """Whether a label can be called so; one that was left out as a secret may be anything."""
    return _LABEL.fullmatch(text) is not None or has_marker(text)


def is_value(text: str) -> bool:
    """Whether a label can have this value; one that was left out as a secret may be anything."""
    return _VALUE.fullmatch(text) is not None or has_marker(text)


class NotValidError(Exception):
    """A field that no API server takes."""

    def __init__(self, pointer: str, why: str) -> None:
        """``pointer`` is the place of the field, as people write it: ``spec.ingress[0]``."""
        super().__init__(f"{pointer} {why}")


class Field:
    """A value of a policy, and where it stands."""

    def __init__(self, value: object, pointer: str, path: str) -> None:
        """``pointer`` is a JSON pointer, ``path`` the same for people."""
        self.value = value
        self.pointer = pointer
        self.path = path

    def wrong(self, why: str) -> NotValidError:
        """Say what is wrong with it."""
        return NotValidError(self.path or "it", why)

    def get(self, name: str) -> Field:
        """The field of an object by its name; its value is None where it is absent."""
        return Field(
            self.mapping().get(name), f"{self.pointer}/{name}", f"{self.path}.{name}".lstrip(".")
        )

    def has(self, name: str) -> bool:
        """Whether the object says something of a field."""
        return self.mapping().get(name) is not None

    def mapping(self) -> Json:
        """The object, an empty one where it is absent.

        Raises:
            NotValidError: it is something else.
        """
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.wrong("is not an object")
        return self.value

    def items(self) -> Iterator[Field]:
        """Yield what is in a list, nothing where it is absent.

        Raises:
            NotValidError: it is something else.
        """
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.wrong("is not a list")
        for index, each in enumerate(self.value):
            yield Field(each, f"{self.pointer}/{index}", f"{self.path}[{index}]")

    def text(self) -> str:
        """A text, "" where it is absent.

        Raises:
            NotValidError: it is something else.
        """
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            raise self.wrong("is not a text")
        return self.value

    def number(self, least: int, most: int) -> int:
        """A number between two others.

        Raises:
            NotValidError: it is something else.
        """
        found = self.value
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            raise self.wrong(f"is not a number from {least} to {most}")
        return found

    def word(self, words: Mapping[str, Value]) -> Value:
        """One of some words.

        Raises:
            NotValidError: it is something else.
        """
        found = self.value
        if not isinstance(found, str) or found not in words:
            raise self.wrong(f"is none of {', '.join(words)}")
        return words[found]

    def selector(self, *, strict: bool = False) -> Requirements:
        """A LabelSelector; ``strict`` lets no other fields be there, as a custom resource does.

        Those look at no label, while Kubernetes' own have to be called as labels are.

        Raises:
            NotValidError: no API server takes it.
        """
        if strict and not _SELECTOR.issuperset(self.mapping()):
            raise self.wrong("has fields of another version of its API")
        found = of_selector(self.value)
        if found is None:
            raise self.wrong("is no label selector")
        for each in () if strict else found:
            if not is_label(each.key):
                raise self.wrong(f"has a key that no label has: {each.key}")
            if not all(map(is_value, each.values)):
                raise self.wrong(f"has a value for {each.key} that no label has")
        return found

    def network(self) -> Block:
        """A network in CIDR notation.

        Raises:
            NotValidError: it is none.
        """
        found = block_of(self.value) if _NETWORK.fullmatch(self.text()) else None
        if found is None:
            raise self.wrong("is no network in CIDR notation")
        return found

    def protocol(self) -> Protocol:
        """A protocol, TCP where it is absent.

        Raises:
            NotValidError: it is none.
        """
        if self.value is None:
            return Protocol.TCP
        return self.word({each.value: each for each in Protocol})

    def name_of_a_port(self, protocol: Protocol | None) -> NamedPort:
        """The name of a port.

        Raises:
            NotValidError: no port can be called so.
        """
        if not _NAME.fullmatch(self.text()):
            raise self.wrong("is no name of a port")
        return NamedPort(self.text(), protocol)

    def port(self) -> int:
        """The number of a port.

        Raises:
            NotValidError: it is none.
        """
        return self.number(FIRST, LAST)


def read_each(field: Field, read: Callable[[Field], Value]) -> tuple[Value, ...]:
    """Read what is in a list, one after the other.

    Raises:
        NotValidError: it is no list, or something in it is not valid.
    """
    return tuple(map(read, field.items()))


def port_range(protocol: Protocol, first: Field, last: Field) -> PortRange:
    """Ports from a number to another, which may be absent.

    Raises:
        NotValidError: they are none.
    """
    start = first.port()
    return PortRange(protocol, start, start if last.value is None else last.number(start, LAST))
