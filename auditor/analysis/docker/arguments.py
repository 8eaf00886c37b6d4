"""The arguments of an engine as it reads them.

``dockerd`` takes no arguments without a name, so a word that does not begin with a dash is the
value of the option before it::

    --log-level=debug     -l debug     -ldebug      log-level: debug
    --iptables=false                                iptables: false
    --userland-proxy                                userland-proxy: true
    -H fd:// --host tcp://0.0.0.0:2376              hosts: [fd://, tcp://0.0.0.0:2376]

Source: moby, ``cmd/dockerd/config.go`` and ``daemon/config``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

SHORT: Final = MappingProxyType(
    {"H": "host", "l": "log-level", "D": "debug", "g": "data-root", "G": "group"}
)
"""One letter, and the name that it stands for."""
NAMES: Final = MappingProxyType(
    {
        "host": "hosts",
        "graph": "data-root",
        "default-ulimit": "default-ulimits",
        "storage-opt": "storage-opts",
    }
)
"""What options are called in the file, where that is another name."""
_LISTS: Final = frozenset({"hosts", "default-ulimits", "storage-opts"})
_BOOLS: Final = MappingProxyType(
    {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}
)

Options = Mapping[str, Any]


def options_of(arguments: Sequence[str]) -> Options:
    """Read the arguments of an engine, its own name among them, by the names that the file has."""
    found: dict[str, Any] = {}
    for name, text in _pairs(arguments):
        known = NAMES.get(name, name)
        value: Any = text if known in _LISTS else _BOOLS.get(text.lower(), text)
        if known in _LISTS:
            found.setdefault(known, []).append(value)
        else:
            found[known] = value
    return found


def _pairs(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option with its value; one without is true."""
    name = ""
    for word in arguments[1:]:
        if not word.startswith("-") or word == "-":
            if name:
                yield name, word
            name = ""
            continue
        if name:
            yield name, "true"
        name, value = _option(word)
        if value is not None:
            yield name, value
            name = ""
    if name:
        yield name, "true"


def _option(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        return name, value if equals else None
    name, rest = SHORT.get(word[1:2], word[1:2]), word[2:]
    return name, rest.removeprefix("=") if rest else None
