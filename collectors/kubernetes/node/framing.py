"""Reads what the script printed, strictly: a line that it does not print makes all of it unread.

::

    auditor-node 1
    host .Z3B1LTc=                       a text: a dot, then base64
    user 0
    stat .L2V0Yy9jbmkvbmV0LmQ= 41ed 0 0 2049 131 .
    none .L2V0Yy9rdWJlcm5ldGVzL2FkbWluLmNvbmY= absent
    folder .L2V0Yy9rdWJlcm5ldGVzL3BraQ== whole
    text .L3Zhci9saWIva3ViZWxldC9jb25maWcueWFtbA== .a2luZDogS3ViZWxldENvbmZpZ3VyYXRpb24K
    process .a3ViZWxldA== 0 node .PS0tY29uZmlnPS94 .
    processes                            these were all
    end 9f86d081…                        the SHA-256 of all before it

The whole counts or nothing: what was cut has no end, what was changed has another digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from auditor.late import late
from auditor.model.enums import Answered
from collectors.hosts.seen import NOT_SEEN, Seen, Stat, Unread
from collectors.hosts.words import decoded, number_of, path_of
from collectors.kubernetes.node.observed import (
    Account,
    Authority,
    Observed,
    Process,
    RunsIn,
    Text,
)
from collectors.kubernetes.node.probes import (
    MOST_ENTRIES,
    MOST_SETTINGS,
    PROCESSES,
    VARIABLES,
    WHOLE,
)
from collectors.kubernetes.node.script import HEADER

MOST_BYTES: Final = 16 << 20
"""Of what a node printed no more is read."""
_MODE: Final = late(r"[0-9a-f]{1,8}")
_DIGEST: Final = late(r"[0-9a-f]{64}")
_TIME: Final = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_END: Final = late(rb"end ([0-9a-f]{64})\n")
DENIED: Final = Unread(Answered.DENIED, "permission denied: look as root")
ODD: Final = Unread(Answered.MALFORMED, "it can't be looked at")
CUT: Final = Unread(Answered.TRUNCATED, f"more than {MOST_ENTRIES} files, or folders in folders")
LARGE: Final = Unread(Answered.TRUNCATED, "larger than is read")
WITHHELD: Final = Unread(Answered.DENIED, "it has staticPodURLHeader, and was not recorded")
_NONE: Final[Mapping[str, Unread | None]] = MappingProxyType(
    {"absent": None, "denied": DENIED, "odd": ODD}
)
_LISTED: Final[Mapping[str, Unread | None]] = MappingProxyType(
    {"whole": None, "denied": DENIED, "cut": CUT}
)
_TEXTS: Final[Mapping[str, Unread | None]] = MappingProxyType({**_NONE, "withheld": WITHHELD})
_RUNS_IN: Final = MappingProxyType({each.value: each for each in RunsIn})
_KNOWN: Final = frozenset((*PROCESSES, *WHOLE))
_TAGS: Final = ("=-", "=", "~-")


class FramingError(ValueError):
    """It is not what the script prints, or not all of it; ``cut`` where only its end is missing."""

    def __init__(self, message: str, *, cut: bool = False) -> None:
        """``message`` says what is wrong."""
        super().__init__(message)
        self.cut = cut


def begins(data: bytes) -> bool:
    """Whether a text begins as what the script prints."""
    return data.startswith(f"{HEADER}\n".encode())


def parse(data: bytes) -> Observed:
    """Read what the script printed.

    Raises:
        FramingError: it is not what the script prints, or not all of it.
    """
    if not begins(data):
        raise FramingError(f"its first line is not {HEADER!r}")
    if len(data) > MOST_BYTES:
        raise FramingError(f"it is larger than {MOST_BYTES >> 20} MiB")
    at = data.rfind(b"\nend ") + 1
    found = _END.fullmatch(data, at) if at else None
    if found is None:
        raise FramingError("it has no end: it was cut off", cut=True)
    body = data[:at]
    if found[1].decode() != hashlib.sha256(body).hexdigest():
        raise FramingError("it has another digest than it ends with: it was changed, or cut")
    reader = _Reader()
    for number, line in enumerate(body.decode("ascii", "replace").split("\n")[1:-1], 2):
        try:
            reader.take(number, line.split(" "))
        except (ValueError, KeyError) as error:
            raise FramingError(f"line {number}: {line[:40]!r}") from error
    return reader.observed()


class _Reader:
    """Puts together what lines say; the first that says something of a path counts."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._stats: dict[str, Seen] = {}
        self._folders: dict[str, Unread | None] = {}
        self._texts: dict[str, Text] = {}
        self._processes: list[Process] = []
        self._counted = False
        self._accounts: dict[str, Account | Unread | None] = {}
        self._lines: dict[str, int] = {}
        self._authorities: list[Authority] = []
        self._takers: Mapping[str, Callable[[int, list[str]], None]] = {
            **{name: self._text_of(name) for name in ("host", "kernel", "boot", "machine")},
            "user": self._user,
            "time": self._time,
            "stat": self._stat,
            "none": self._none,
            "folder": self._folder,
            "text": self._text,
            "process": self._process,
            "processes": self._all_processes,
            "account": self._account,
            "authority": self._authority,
        }

    def take(self, number: int, words: list[str]) -> None:
        """Take one line, by its first word."""
        self._takers[words[0]](number, words[1:])

    def observed(self) -> Observed:
        """All of it.

        Raises:
            FramingError: it does not say of which host it is.
        """
        if not self._words.get("host"):
            raise FramingError("it does not say of which host it is")
        return Observed(
            host=self._words["host"],
            kernel=self._words.get("kernel", ""),
            user=int(self._words.get("user", "0")),
            time=self._words.get("time", ""),
            boot=self._words.get("boot", ""),
            machine=self._words.get("machine", ""),
            stats=self._stats,
            folders=self._folders,
            texts=self._texts,
            processes=tuple(self._processes) if self._counted else NOT_SEEN,
            etcd=self._accounts.get("etcd", NOT_SEEN),
            lines=self._lines,
            authorities=tuple(self._authorities),
        )

    def _text_of(self, name: str) -> Callable[[int, list[str]], None]:
        def take(number: int, words: list[str]) -> None:
            del number
            (word,) = words
            self._words.setdefault(name, _shown(word))

        return take

    def _user(self, number: int, words: list[str]) -> None:
        del number
        (word,) = words
        self._words.setdefault("user", str(number_of(word)))

    def _time(self, number: int, words: list[str]) -> None:
        del number
        (word,) = words
        if not _TIME.fullmatch(word):
            raise ValueError(word)
        self._words.setdefault("time", word)

    def _stat(self, number: int, words: list[str]) -> None:
        word, mode, user, group, device, inode, link = words
        if not _MODE.fullmatch(mode):
            raise ValueError(mode)
        numbers = (number_of(user), number_of(group), number_of(device), number_of(inode))
        self._put(number, path_of(word), Stat.of(int(mode, 16), numbers, path_of(link)))

    def _none(self, number: int, words: list[str]) -> None:
        word, why = words
        self._put(number, path_of(word), _NONE[why])

    def _put(self, number: int, path: str, seen: Seen) -> None:
        self._stats.setdefault(path, seen)
        self._lines.setdefault(path, number)

    def _folder(self, number: int, words: list[str]) -> None:
        del number
        word, how = words
        self._folders.setdefault(path_of(word), _LISTED[how])

    def _text(self, number: int, words: list[str]) -> None:
        del number
        word, content = words
        path = path_of(word)
        if content in _TEXTS:
            self._texts.setdefault(path, _TEXTS[content])
            return
        found = decoded(content)
        self._texts.setdefault(path, LARGE if len(found) > MOST_SETTINGS else found)

    def _process(self, number: int, words: list[str]) -> None:
        name, user, place, arguments, variables = words
        called = _shown(name)
        if called not in _KNOWN:
            raise ValueError(called)
        kept = _words_of(arguments)
        if not all(each == "." or each.startswith(_TAGS) for each in kept):
            raise ValueError(arguments)
        given = dict(each.split("=", 1) for each in _words_of(variables))
        if not given.keys() <= set(VARIABLES):
            raise ValueError(variables)
        where = _RUNS_IN[place]
        found = Process(called, number_of(user), where, kept, MappingProxyType(given))
        self._processes.append(found)
        self._lines.setdefault(f"process {called}", number)

    def _all_processes(self, number: int, words: list[str]) -> None:
        del number
        if words:
            raise ValueError(words)
        self._counted = True

    def _authority(self, number: int, words: list[str]) -> None:
        del number
        name, path, found = words
        if _shown(name) not in _KNOWN:
            raise ValueError(name)
        if found in _NONE:
            why = _NONE[found]
            unread = "there is none" if why is None else why.detail
            self._authorities.append(Authority(_shown(name), _shown(path), unread=unread))
        elif _DIGEST.fullmatch(found):
            self._authorities.append(Authority(_shown(name), _shown(path), found))
        else:
            raise ValueError(found)

    def _account(self, number: int, words: list[str]) -> None:
        del number
        name, *numbers = words
        found: Account | Unread | None
        if len(numbers) == 1:
            found = _NONE[numbers[0]]
        else:
            user, group = numbers
            found = Account(number_of(user), number_of(group))
        self._accounts.setdefault(_shown(name), found)


def _shown(word: str) -> str:
    return decoded(word).decode(errors="replace")


def _words_of(word: str) -> tuple[str, ...]:
    text = _shown(word)
    return tuple(text.split("\n")) if text else ()
