"""One line of an image's history as the instruction that made it; two builders write it.

::

    classic    /bin/sh -c #(nop)  ENV A=two words B=1       ENV, A and B
               /bin/sh -c #(nop) ADD file:8a4e… in /x       ADD, of what is not said
               |1 V=2 /bin/sh -c apt-get update             RUN with the build argument V
    BuildKit   ENV A=two words B=1                          ENV, A and B
               ADD --chmod=777 a.tar /x # buildkit          ADD of a.tar
               RUN |1 V=2 /bin/sh -c apt-get update # buildkit
    neither    sleep 100000                                 RUN: a container that was committed

Nothing is quoted there, so a value with blanks goes on up to the next ``NAME=``, and what was given
as a list can't be told from its words. The script of a heredoc stands in the line, but one that
begins with ``#!`` only as the path of a file that is gone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from auditor.analysis.docker.shell import SHELLS, Command, command_of, commands_of
from auditor.late import late

_SHELL: Final = late(r"(?:/\S*/)?[a-z]*sh(?: -\S+| pipefail){0,8}? -[a-z]*c ")
_NOTHING_RUN: Final = late(
    rf"(?:{_SHELL.pattern}|cmd /S /C )#\(nop\)\s+(?P<keyword>[A-Z]+)\s*(?P<rest>.*)", re.DOTALL
)
_BUILDKIT: Final = late(
    r"(?P<keyword>RUN|COPY|ADD|ENV|ARG|EXPOSE|USER|HEALTHCHECK|LABEL|WORKDIR|CMD|ENTRYPOINT|VOLUME"
    r"|STOPSIGNAL|SHELL|ONBUILD|MAINTAINER)\s(?P<rest>.*)",
    re.DOTALL,
)
_SUFFIX: Final = " # buildkit"
_PAIR: Final = late(r"[A-Za-z_][A-Za-z0-9_.-]*=.*", re.DOTALL)
_GIVEN: Final = late(r"\|(?P<count>[0-9]{1,3}) ")
_SCRIPT_FILE: Final = "/dev/pipes/"
_PORT: Final = late(r"[0-9]+(?:-[0-9]+)?(?:/[a-z]+)?")
_HEREDOC: Final = late(r"<<-?\s*[\"']?(?P<end>[A-Za-z_][A-Za-z0-9_]*)[\"']?")
Pair = dict[str, str]


class Step(msgspec.Struct, frozen=True):
    """An instruction: of ``RUN`` what was run and what it was given, of the others the rest.

    ``hashed`` is of what the classic builder wrote: its copies name digests instead of files.
    """

    keyword: str
    rest: str
    given: tuple[Pair, ...] = ()
    hashed: bool = False


def step_of(line: str) -> Step | None:
    """Read a line; None of one that says nothing."""
    if not line.strip():
        return None
    found = _NOTHING_RUN.fullmatch(line)
    if found is not None:
        return Step(found["keyword"], found["rest"].strip(), hashed=True)
    found = _BUILDKIT.fullmatch(line)
    rest = line if found is None else found["rest"].removesuffix(_SUFFIX)
    keyword = "RUN" if found is None else found["keyword"]
    if keyword != "RUN":
        return Step(keyword, rest.strip())
    given, run = _given(rest)
    return Step(keyword, run, given, hashed=found is None)


def _given(text: str) -> tuple[tuple[Pair, ...], str]:
    """Cut off the build arguments before a command, of which the line says how many there are."""
    found = _GIVEN.match(text)
    if found is None:
        return (), text
    words, count = text[found.end() :].split(" "), int(found["count"])
    at = seen = 0
    while at < len(words) and seen < count:
        seen += _PAIR.fullmatch(words[at]) is not None
        at += 1
    rest = " ".join(words[at:])
    shell = re.search(rf"(?:^| )(?={_SHELL.pattern})", rest)
    end = shell.start() if shell is not None and seen else 0
    values = [*words[:at], *rest[:end].split(" ")] if end else words[:at]
    return tuple(pairs_of(values)), rest[end:].lstrip(" ")


def pairs_of(words: Sequence[str]) -> list[Pair]:
    """Names with their values: a word without a name goes on with the value before it."""
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if _PAIR.fullmatch(word):
            name, _, value = word.partition("=")
            found.append((name, [value]))
        elif found and found[-1][1]:
            found[-1][1].append(word)
        elif word:
            found.append((word, []))
    return [
        {"name": name, "value": " ".join(parts)} if parts else {"name": name}
        for name, parts in found
    ]


def run_commands(text: str) -> list[Command] | None:
    """The commands of a ``RUN``; None of a script that the history does not hold."""
    if text.startswith(_SCRIPT_FILE):
        return None
    shell = _SHELL.match(text)
    if shell is None:
        return command_of(text.split())
    return [
        command
        for command in commands_of(_without_data(text[shell.end() :]))
        if not command.program.startswith("<")
    ]


def without_shell(text: str) -> str:
    """A step as its Dockerfile had it: without the shell that the builder put before it."""
    shell = _SHELL.match(text)
    return text if shell is None else text[shell.end() :]


def _without_data(text: str) -> str:
    """Leave out heredocs, but those that a shell reads, whose lines are commands too."""
    if "<<" not in text:
        return text
    kept: list[str] = []
    end, is_script = "", False
    for line in text.split("\n"):
        if end:
            if line.strip("\t") == end:
                end = ""
            elif is_script:
                kept.append(line)
            continue
        kept.append(line)
        found = _HEREDOC.search(line)
        if found is not None:
            end = found["end"]
            is_script = any(each.program in SHELLS for each in commands_of(line))
    return "\n".join(kept)


def ports_of(rest: str) -> list[str]:
    """The ports of an ``EXPOSE``, as either builder and Go's own printing write them."""
    return _PORT.findall(rest)
