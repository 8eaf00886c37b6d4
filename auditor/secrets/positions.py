"""Secrets that no name tells, because a program takes them at a position or after a short flag.

::

    mc alias set store http://minio:9000 admin hunter22      [redis-cli, -a, hunter22, ping]
    curl -u admin:hunter22 https://registry/v2/              [mysql, -phunter22]

A command line is a list of words, whether a manifest has it as a list or a shell has to cut it.
What the program makes of the words behind its name, up to the end of its command, is a table of the
few programs that images of platforms really start so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from auditor.late import late
from auditor.secrets.marks import has_marker, marker
from auditor.secrets.names import says_no_secret

_Found = tuple[int, int]
"""Which word, and where in it the secret begins."""
_Find = Callable[[Sequence[str]], list[_Found]]

HINTS: Final = (b"curl", b"redis-cli", b"alias", b"sshpass", b"mysql")
"""One of these is in every command line that has such a secret."""
_NAMES: Final = late(r"curl|redis-cli|alias|sshpass|mysql")
_WORD: Final = late(
    r"(?P<end>[;|&\n)]|\s#[^\n]*)|\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'"
    r"|(?P<plain>(?:\\.|\$\([^()]*\)|\$\{[^{}]*\}|[^\s\"';|&)\\])+)"
)
_LONGEST: Final = 512
"""Characters of a word that may be a password."""


_MINIO_OPTIONS: Final = frozenset({"--api", "--path", "--config-dir", "-C"})
"""Options of MinIO's client that the next word belongs to."""


class _Word(NamedTuple):
    """A word of a shell and where it stands, without its quotes."""

    text: str
    start: int
    end: int


def _after(flags: Sequence[str], *, joined: bool = False) -> _Find:
    """Make what finds the word after a flag, or the rest of a word that begins with it."""

    def find(words: Sequence[str]) -> list[_Found]:
        found = [(at + 1, 0) for at, word in enumerate(words) if word in flags and not joined]
        found += [
            (at, len(flag))
            for at, word in enumerate(words)
            for flag in flags
            if word.startswith(flag) and word != flag and not word.startswith("--")
        ]
        return found

    return find


def _of_user(words: Sequence[str]) -> list[_Found]:
    """The password of ``-u USER:PASSWORD`` and its other spellings, as curl has them."""
    found: list[_Found] = []
    for at, word in enumerate(words):
        if word in {"-u", "-U", "--user", "--proxy-user"}:
            where, begins = at + 1, 0
        elif word.startswith(("-u", "-U")):
            where, begins = at, 2
        elif word.startswith(("--user=", "--proxy-user=")):
            where, begins = at, word.index("=") + 1
        else:
            continue
        colon = words[where].find(":", begins) if where < len(words) else -1
        if colon >= 0:
            found.append((where, colon + 1))
    return found


def _of_alias(words: Sequence[str]) -> list[_Found]:
    """The secret key of ``alias set NAME URL ACCESS-KEY SECRET-KEY``, as MinIO's client has it."""
    taken = [at + 1 for at, word in enumerate(words) if word in _MINIO_OPTIONS]
    bare = [at for at, word in enumerate(words) if not word.startswith("-") and at not in taken]
    named = [words[at] for at in bare[:2]]
    return [(bare[5], 0)] if named in (["alias", "set"], ["alias", "s"]) and len(bare) > 5 else []


_MYSQL = _after(("-p",), joined=True)
_PROGRAMS: Final[Mapping[str, _Find]] = MappingProxyType(
    {
        "curl": _of_user,
        "mc": _of_alias,
        "mcli": _of_alias,
        "mysql": _MYSQL,
        "mysqladmin": _MYSQL,
        "mysqldump": _MYSQL,
        "redis-cli": _after(("-a",)),
        "sshpass": _after(("-p",)),
    }
)


def in_command(text: str) -> str:
    """Replace what the programs of a shell's text take for a secret; the text itself if nothing."""
    if _NAMES.search(text) is None:
        return text
    edits: list[tuple[int, int]] = []
    command: list[_Word] = []
    for word in (*_words(text), None):
        if word is not None:
            command.append(word)
            continue
        for at, begins in _secrets([each.text for each in command]):
            edits.append((command[at].start + begins, command[at].end))
        command = []
    parts: list[str] = []
    done = 0
    for start, end in edits:
        parts += (text[done:start], marker("argument"))
        done = end
    return "".join((*parts, text[done:])) if parts else text


def in_arguments(values: list[Any]) -> list[Any]:
    """Replace what a program that is a list of its words takes for a secret."""
    words = [value if isinstance(value, str) else "" for value in values]
    found = list(_secrets(words))
    if not found:
        return values
    made = [*values]
    for at, begins in found:
        made[at] = words[at][:begins] + marker("argument")
    return made


def is_program(text: str) -> bool:
    """Whether a word is the name of a program that is known here, with or without its folder."""
    return text.rpartition("/")[2] in _PROGRAMS


def _words(text: str) -> Iterator[_Word | None]:
    """The words of a shell's text; None where a command ends."""
    for found in _WORD.finditer(text):
        kind = found.lastgroup
        if kind is None or kind == "end":
            yield None
        else:
            yield _Word(found[kind], *found.span(kind))


def _secrets(words: Sequence[str]) -> Iterator[_Found]:
    """What the first program among the words that is known takes for a secret."""
    for at, word in enumerate(words):
        if is_program(word):
            behind = words[at + 1 :]
            for index, begins in _PROGRAMS[word.rpartition("/")[2]](behind):
                if index < len(behind) and _is_secret(behind[index][begins:]):
                    yield at + 1 + index, begins
            return


def _is_secret(value: str) -> bool:
    if not value or len(value) > _LONGEST or value.startswith("-") or has_marker(value):
        return False
    return not says_no_secret("password", value)
