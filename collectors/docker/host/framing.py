"""Reads what the script printed, strictly: a line that it does not print makes all of it unread.

::

    auditor-host 1                       what a login prints before this line is left out
    host .Z3B1LTc=                       a text: a dot, then base64
    user 0
    stat .L2V0Yy9kb2NrZXI= 41ed 0 0 2049 131 .
    none .L2V0Yy9kb2NrZXIvZGFlbW9uLmpzb24= absent
    folder .L2V0Yy9kb2NrZXIvY2VydHMuZA== whole
    text .L2V0Yy9ncm91cA== .cm9vdDp4OjA6Cg==
    container 4a1f…9c 1                  a process in it that may not gain rights
    containers                           these were all
    end

What was cut off at its end is only short: what it no longer says is not known.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.enums import Answered
from collectors.docker.host.observed import CONTAINER_ID, Observed, Output, Process, confined_by
from collectors.docker.host.probes import MOST_ENTRIES, text_at
from collectors.docker.host.script import HEADER
from collectors.hosts.seen import NOT_SEEN, Seen, Stat, Unread
from collectors.hosts.words import decoded, number_of, path_of

MOST_BYTES: Final = 16 << 20
"""Of what a host prints no more is read."""
_MODE: Final = late(r"[0-9a-f]{1,8}")
_TIME: Final = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
DENIED: Final = Unread(Answered.DENIED, "permission denied")
ODD: Final = Unread(Answered.MALFORMED, "it can't be looked at")
CUT: Final = Unread(Answered.TRUNCATED, f"more than {MOST_ENTRIES} files, or folders in folders")
LARGE: Final = Unread(Answered.TRUNCATED, "larger than is read")
_NONE: Final[Mapping[str, Unread | None]] = MappingProxyType(
    {"absent": None, "denied": DENIED, "odd": ODD}
)
_LISTED: Final[Mapping[str, Unread | None]] = MappingProxyType(
    {"whole": None, "denied": DENIED, "cut": CUT}
)
_UNREAD: Final = MappingProxyType({"denied": DENIED, "odd": ODD})
_BITS: Final = MappingProxyType({"0": False, "1": True})


class FramingError(ValueError):
    """A line that the script does not print."""


class Printed(msgspec.Struct, frozen=True):
    """What the script printed: what was seen, and when."""

    seen: Observed
    time: str


def parse(data: bytes) -> Printed:
    """Read what the script printed.

    Raises:
        FramingError: it is not what the script prints.
    """
    _, header, rest = f"\n{data.decode('ascii', 'replace')}".partition(f"\n{HEADER}\n")
    if not header:
        raise FramingError(f"there is no line {HEADER!r}")
    lines = rest.split("\n")[:-1]  # what follows the last newline was cut
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        try:
            reader.take(line.split(" "))
        except (ValueError, KeyError, OverflowError, binascii.Error) as error:
            raise FramingError(f"line {number} after {HEADER!r}: {line[:40]!r}") from error
        if reader.ended:
            break
    return reader.printed()


class _Reader:
    """Puts together what lines say; the first that says something of a path counts."""

    def __init__(self) -> None:
        self.ended = False
        self._words: dict[str, str] = {}
        self._stats: dict[str, Seen] = {}
        self._folders: dict[str, Unread | None] = {}
        self._texts: dict[str, bytes | Unread] = {}
        self._processes: list[Process] = []
        self._counted = False
        self._confined: list[tuple[str, bool]] = []
        self._contained = False
        self._outputs: dict[str, Output | Unread | None] = {}
        self._takers: Mapping[str, Callable[[list[str]], None]] = {
            "host": self._text_of("host"),
            "kernel": self._text_of("kernel"),
            "user": self._user,
            "time": self._time,
            "stat": self._stat,
            "none": self._none,
            "folder": self._folder,
            "text": self._text,
            "process": self._process,
            "processes": self._all_processes,
            "container": self._container,
            "containers": self._all_containers,
            "output": self._output,
            "end": self._end,
        }

    def take(self, words: list[str]) -> None:
        """Take one line, by its first word."""
        self._takers[words[0]](words[1:])

    def printed(self) -> Printed:
        """All of it."""
        seen = Observed(
            host=self._words.get("host", ""),
            kernel=self._words.get("kernel", ""),
            user=int(self._words.get("user", "0")),
            stats=self._stats,
            folders=self._folders,
            texts=self._texts,
            processes=tuple(self._processes) if self._counted else NOT_SEEN,
            outputs=self._outputs,
            confined=confined_by(self._confined) if self._contained else NOT_SEEN,
        )
        return Printed(seen, self._words.get("time", ""))

    def _text_of(self, name: str) -> Callable[[list[str]], None]:
        def take(words: list[str]) -> None:
            (word,) = words
            self._words.setdefault(name, path_of(word))

        return take

    def _user(self, words: list[str]) -> None:
        (word,) = words
        self._words.setdefault("user", str(number_of(word)))

    def _time(self, words: list[str]) -> None:
        (word,) = words
        if not _TIME.fullmatch(word):
            raise ValueError(word)
        self._words.setdefault("time", word)

    def _stat(self, words: list[str]) -> None:
        path, mode, user, group, device, inode, link = words
        if not _MODE.fullmatch(mode):
            raise ValueError(mode)
        numbers = (number_of(user), number_of(group), number_of(device), number_of(inode))
        self._stats.setdefault(path_of(path), Stat.of(int(mode, 16), numbers, path_of(link)))

    def _none(self, words: list[str]) -> None:
        path, why = words
        self._stats.setdefault(path_of(path), _NONE[why])

    def _folder(self, words: list[str]) -> None:
        path, how = words
        self._folders.setdefault(path_of(path), _LISTED[how])

    def _text(self, words: list[str]) -> None:
        path, content = words
        name = path_of(path)
        taken = text_at(name)
        if taken is None:
            raise ValueError(name)
        if content in _UNREAD:
            self._texts.setdefault(name, _UNREAD[content])
            return
        found = decoded(content)
        self._texts.setdefault(name, LARGE if len(found) > taken.most else found)

    def _process(self, words: list[str]) -> None:
        name, user, arguments, groups = map(str, words)
        found = process_of(path_of(name), number_of(user), decoded(arguments), decoded(groups))
        self._processes.append(found)

    def _all_processes(self, words: list[str]) -> None:
        if words:
            raise ValueError(words)
        self._counted = True

    def _container(self, words: list[str]) -> None:
        name, confined = words
        if not CONTAINER_ID.fullmatch(name):
            raise ValueError(name)
        self._confined.append((name, _BITS[confined]))

    def _all_containers(self, words: list[str]) -> None:
        if words:
            raise ValueError(words)
        self._contained = True

    def _output(self, words: list[str]) -> None:
        name, code, text = words
        found: Output | Unread | None
        if code in _NONE:
            found = _NONE[code]
        else:
            found = Output(number_of(code), decoded(text).decode(errors="replace"))
        self._outputs.setdefault(path_of(name), found)

    def _end(self, words: list[str]) -> None:
        if words:
            raise ValueError(words)
        self.ended = True


def process_of(name: str, user: int, arguments: bytes, groups: bytes) -> Process:
    """Make a process of what ``/proc`` says of it."""
    words = arguments.removesuffix(b"\0").split(b"\0") if arguments else []
    texts = tuple(word.decode(errors="replace") for word in words)
    return Process(name, user, texts, groups.decode(errors="replace"))
