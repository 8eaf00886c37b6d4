"""The flags among the arguments of a process, as pflag reads them, and etcd's own reader alike.

::

    =--config=/x        config: [/x]         of two the last one counts, or both of a list
    =--config           config: [/x]         the next word is its value,
    =/x
    =--profiling        profiling: [true]    but not of a flag that is on or off
    ~--cloud-token      hidden: cloud-token  it is there, and its value was left out

Kubernetes takes ``_`` for ``-`` in names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

SWITCHES: Final = frozenset(
    {
        *("anonymous-auth", "auto-tls", "client-cert-auth", "make-iptables-util-chains"),
        *("peer-auto-tls", "peer-client-cert-auth", "profiling", "rotate-certificates"),
        *("rotate-server-certificates", "seccomp-default"),
        *("service-account-extend-token-expiration", "service-account-lookup"),
        "use-service-account-credentials",
    }
)
"""Flags that are on or off: without a value they are on."""


class Flags(msgspec.Struct, frozen=True):
    """What a process was told: values by flag, and the flags whose values were left out."""

    values: dict[str, list[str]]
    hidden: list[str]

    def last(self, name: str) -> str:
        """The value of a flag that counts, "" where it was not given."""
        return self.values.get(name, [""])[-1]


def flags_of(words: Sequence[str]) -> Flags:
    """Read the words that the script kept of some arguments."""
    values: dict[str, list[str]] = {}
    hidden: set[str] = set()
    waiting = ""
    for word in words:
        text = word[1:]
        if word.startswith("~"):
            waiting = ""
            hidden.add(_name(text))
        elif text.startswith("-"):
            name, equals, value = text.partition("=")
            waiting = "" if equals or _name(name) in SWITCHES else _name(name)
            values.setdefault(_name(name), []).append(value if equals or waiting else "true")
        elif waiting and word != ".":
            values[waiting][-1] = text
            waiting = ""
        else:
            waiting = ""
    return Flags(values, sorted(hidden))


def _name(text: str) -> str:
    return text.lstrip("-").replace("_", "-")
