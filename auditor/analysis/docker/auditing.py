"""Which files a host's audit rules watch: ``auditctl -l`` as the kernel reads it.

::

    -w /etc/docker -p wa -k docker                      writes, changes of attributes, all below it
    -a always,exit -S all -F dir=/usr/bin -F perm=x     programs that are run, all below it
    -a always,exit -F path=/usr/bin/runc -F perm=x      that one file
    -a never,exit -F dir=/etc/docker                    nothing, from here on: the first rule counts

A rule that only holds for some users, calls or results watches less than that; it does not count,
but for one of people who logged in (``auid>=1000``, ``auid!=unset``), as benchmarks write it. One
that takes away does count then: something of the path is not recorded.
Sources: auditctl(8), audit.rules(7).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.late import late

ALL: Final = "rwxa"
CHANGES: Final = "wa"
RUNS: Final = "x"
_PEOPLE: Final = late(r"auid(>=[0-9]+|!=(-1|4294967295|unset))")
_FIELD: Final = late(r"(?P<name>[a-z0-9]+)(?P<sign>!=|>=|<=|=|<|>|&=|&)(?P<value>.*)", re.DOTALL)
_HARMLESS: Final = frozenset({"arch", "key"})


class Watch(msgspec.Struct, frozen=True):
    """A rule: it watches ``path``, and all below it if ``deep``, for some accesses of ``perms``.

    ``never`` is one that takes the path out of all rules behind it.
    """

    path: str
    perms: str
    deep: bool
    never: bool
    text: str

    def covers(self, path: str) -> bool:
        """Whether a path is in it."""
        below = f"{self.path.rstrip('/')}/"
        return path == self.path or (self.deep and path.startswith(below))


def watches(rules: Iterable[str]) -> Iterator[Watch]:
    """Those of some rules that watch files, in their order."""
    for rule in rules:
        found = _watch(rule)
        if found is not None:
            yield found


def watched_by(found: Sequence[Watch], path: str, perms: str) -> str | None:
    """The rule by which a path is watched for all of some accesses; None where none is."""
    missing = set(perms)
    for each in found:
        if not each.covers(path):
            continue
        if each.never:
            return None
        missing -= set(each.perms)
        if not missing:
            return each.text
    return None


def _watch(rule: str) -> Watch | None:
    try:
        words = shlex.split(rule)
    except ValueError:
        return None
    options = dict(_options(words))
    if "-w" in options:
        path = options["-w"][0]
        perms = options.get("-p", [ALL])[0]
        return Watch(path.rstrip("/") or "/", perms, deep=True, never=False, text=rule)
    return _by_call(options, rule)


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for name, value in zip(words[::2], words[1::2], strict=False):
        found.setdefault(name, []).append(value)
    yield from found.items()


def _by_call(options: Mapping[str, list[str]], rule: str) -> Watch | None:
    """A rule on calls, if it is about a path and holds for all calls that come to it."""
    action = set(options.get("-a", options.get("-A", [""]))[0].split(","))
    never = "never" in action
    some_calls = any(each != "all" for each in options.get("-S", ()))
    if "exit" not in action or (some_calls and not never):
        return None
    path, deep, perms = "", False, ALL
    for text in options.get("-F", ()):
        field = _FIELD.fullmatch(text)
        if field is None:
            return None
        name, value = field["name"], field["value"]
        if field["sign"] == "=" and name in {"path", "dir"}:
            path, deep = value.rstrip("/") or "/", name == "dir"
        elif field["sign"] == "=" and name == "perm":
            perms = value
        elif not never and name not in _HARMLESS and not _PEOPLE.fullmatch(text):
            return None
    if not path:
        return None
    return Watch(path, perms, deep, never=never, text=rule)
