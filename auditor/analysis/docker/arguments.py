"""The arguments of an engine as it reads them.

``dockerd`` takes no arguments without a name, so a word that does not begin with a dash is the
value of the option before it::

    --log-level=debug     -l debug     -ldebug      log-level: debug
    --iptables=false                                iptables: false
    --userland-proxy                                userland-proxy: true
    -H fd:// --host tcp://0.0.0.0:2376              hosts: [fd://, tcp://0.0.0.0:2376]
    -DHtcp://0.0.0.0:2376     -DH tcp://0.0.0.0:2376     debug: true, hosts: [tcp://0.0.0.0:2376]

Source: moby, ``daemon/command`` and ``daemon/config``; parseSingleShortArg of spf13/pflag 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

SHORT: Final = MappingProxyType(
    {
        "H": "host",
        "l": "log-level",
        "D": "debug",
        "g": "data-root",
        "G": "group",
        "s": "storage-driver",
        "b": "bridge",
        "p": "pidfile",
        "r": "restart",
    }
)
"""One letter, and the name that it stands for."""
_SWITCHES: Final = frozenset({"debug", "restart"})
"""Those of one letter that take no value but behind an equals sign."""
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
        *before, (name, value) = _options(word)
        yield from ((switch, "true") for switch, _ in before)
        if value is not None:
            yield name, value
            name = ""
    if name:
        yield name, "true"


def _options(word: str) -> list[tuple[str, str | None]]:
    """What a word says; the last has no value where that may be the next word."""
    if not word.startswith("--"):
        return list(_letters(word[1:]))
    name, equals, value = word[2:].partition("=")
    return [(name, value if equals else None)]


def _letters(letters: str) -> Iterator[tuple[str, str | None]]:
    """Options of one letter each, until one takes all that is left as its value."""
    while letters:
        name, rest = SHORT.get(letters[0], letters[0]), letters[1:]
        if name not in _SWITCHES or rest.startswith("="):
            yield name, rest.removeprefix("=") if rest else None
            return
        yield name, "true"
        letters = rest
