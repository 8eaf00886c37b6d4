"""Which files a host's audit rules watch: ``auditctl -l`` as the kernel reads it.

::

    -w /etc/docker -p wa -k docker                      writes, changes of attributes, all below it
    -a always,exit -S all -F dir=/usr/bin -F perm=x     programs that are run, all below it
    -a always,exit -F path=/usr/bin/runc -F perm=x      that one file
    -a never,exit -F dir=/etc/docker                    nothing, from here on: the first rule counts
    -a never,exit -S all                                nothing of anything, from here on
    -a never,task                                       nothing of anything, wherever it stands

A rule on tasks is asked when a process begins: one that is never audited has no calls to be looked
at, and all of these are about calls. Some distributions come with it. On a machine of 64 bits a
rule for the calls of 32 (``arch=b32``) watches next to nothing, and does not count.

A rule that only holds for some users, calls or results watches less than that; it does not count,
but for one of people who logged in (``auid>=1000``, ``auid!=unset``), as benchmarks write it. One
that takes away does count then, if it names a path: something of the path is not recorded.
Sources: auditctl(8), audit.rules(7); Linux, kernel/auditsc.c (audit_alloc, audit_filter_task).
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
_OLD_CALLS: Final = "arch=b32"
_EVERYTHING: Final = "/"


class Watch(msgspec.Struct, frozen=True):
    """A rule: it watches ``path``, and all below it if ``deep``, for some accesses of ``perms``.

    ``never`` is one that takes the path out of all rules behind it; one that is ``first`` is asked
    before the others.
    """

    path: str
    perms: str
    deep: bool
    never: bool
    text: str
    first: bool = False

    def covers(self, path: str) -> bool:
        """Whether a path is in it."""
        below = f"{self.path.rstrip('/')}/"
        return path == self.path or (self.deep and path.startswith(below))


def watches(rules: Iterable[str]) -> Iterator[Watch]:
    """Those of some rules that watch files, in the order in which they are asked."""
    found = [each for each in map(_watch, rules) if each is not None]
    yield from (each for each in found if each.first)
    yield from (each for each in found if not each.first)


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
    if never and "task" in action:
        return Watch(_EVERYTHING, ALL, deep=True, never=True, text=rule, first=True)
    some_calls = any(each != "all" for each in options.get("-S", ()))
    if "exit" not in action or (some_calls and not never):
        return None
    path, deep, perms, limited = "", False, ALL, False
    for text in options.get("-F", ()):
        field = _FIELD.fullmatch(text)
        if field is None:
            return None
        name, value = field["name"], field["value"]
        if field["sign"] == "=" and name in {"path", "dir"}:
            path, deep = value.rstrip("/") or "/", name == "dir"
        elif field["sign"] == "=" and name == "perm":
            perms = value
        elif not never and (text == _OLD_CALLS or not _is_harmless(name, text)):
            return None
        limited = limited or name not in _HARMLESS
    if never and not (limited or some_calls):
        path, deep = _EVERYTHING, True
    if not path:
        return None
    return Watch(path, perms, deep, never=never, text=rule)


def _is_harmless(name: str, text: str) -> bool:
    """Whether a field leaves a rule what it is."""
    return name in _HARMLESS or _PEOPLE.fullmatch(text) is not None
