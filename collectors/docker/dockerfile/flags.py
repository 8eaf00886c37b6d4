"""The options of instructions (``--from=build``), and those that are lists of fields (mounts)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from auditor.late import late
from collectors.docker.dockerfile.faults import NotBuiltError
from collectors.docker.dockerfile.words import SPACES

_SPACES: Final = frozenset(SPACES)
_BOOLEAN, _ONE, _MANY = "boolean", "one", "many"
_COPIED: Final = {"chown": _ONE, "chmod": _ONE, "link": _BOOLEAN, "exclude": _MANY}
KNOWN: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "ADD": {
            **_COPIED,
            "keep-git-dir": _BOOLEAN,
            "checksum": _ONE,
            "unpack": _BOOLEAN,
        },
        "COPY": {**_COPIED, "from": _ONE, "parents": _BOOLEAN},
        "FROM": {"platform": _ONE},
        "RUN": {"mount": _MANY, "network": _ONE, "security": _ONE, "device": _MANY},
        "HEALTHCHECK": dict.fromkeys(
            ("interval", "timeout", "start-period", "start-interval", "retries"), _ONE
        ),
    }
)
"""What options an instruction takes, and how."""
_CHOICES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "network": frozenset({"default", "none", "host"}),
        "security": frozenset({"insecure", "sandbox"}),
    }
)
_TYPES: Final = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})
_NAMES: Final = MappingProxyType(
    {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
)
_ALONE: Final = frozenset({"readonly", "ro", "readwrite", "rw"})
_VALUES: Final = frozenset(
    {"type", "from", "source", "target", "id", "env", "mode", "uid", "gid", "sharing", "size"}
)
_UNITS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6}
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_PART: Final = late(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION: Final = late(rf"[-+]?(?:0|(?:{_PART.pattern})+)")
_RETRIES: Final = late(r"[+]?\d+|-0+")
Words = tuple[list[str], str]


def split_flags(line: str, escape: str) -> Words:
    """Take the words that begin with two dashes from the start of a line; they, and the rest."""
    words: list[str] = []
    at = 0
    while True:
        while at < len(line) and line[at] in _SPACES:
            at += 1
        if not line.startswith("--", at):
            return words, line[at:]
        word, at, quoted = _flag(line, at, escape)
        if word == "--":
            return words, line[at:]
        if word or quoted:
            words.append(word)


def _flag(line: str, at: int, escape: str) -> tuple[str, int, bool]:
    """One word without its quotes, where it ends, and whether anything in it was quoted."""
    parts: list[str] = []
    quote, quoted = "", False
    while at < len(line):
        char = line[at]
        at += 1
        if not quote and char in _SPACES:
            at -= 1
            break
        if char == quote:
            quote = ""
        elif not quote and char in {"'", '"'}:
            quote, quoted = char, True
        elif char == escape:
            if at == len(line):
                break
            parts.append(line[at])
            at += 1
        else:
            parts.append(char)
    return "".join(parts), at, quoted


def flags_of(keyword: str, words: Iterable[str]) -> dict[str, list[str]]:
    """Read the options of an instruction: their values by their names.

    Raises:
        NotBuiltError: it takes no such option, or not with this value.
    """
    known = KNOWN.get(keyword, {})
    found: dict[str, list[str]] = {}
    for word in words:
        name, equals, value = word[2:].partition("=")
        how = known.get(name)
        if how is None:
            raise NotBuiltError(f"{keyword} takes no --{name}")
        if name in found and how != _MANY:
            raise NotBuiltError(f"--{name} stands twice")
        if how == _BOOLEAN:
            value = _boolean(name, value, given=bool(equals))
        elif not equals:
            raise NotBuiltError(f"--{name} has no value")
        found.setdefault(name, []).append(value)
    for name, choices in _CHOICES.items():
        if any(value not in choices for value in found.get(name, ())):
            raise NotBuiltError(f"--{name} is none of {', '.join(sorted(choices))}")
    return found


def _boolean(name: str, value: str, *, given: bool) -> str:
    lower = value.lower()
    if (given and not value) or lower not in {"", "true", "false"}:
        raise NotBuiltError(f"--{name} is neither true nor false")
    return lower or "true"


def check_health(flags: Mapping[str, Sequence[str]]) -> None:
    """Check the options of a health check.

    Raises:
        NotBuiltError: a time, or a number, is not one.
    """
    for name, values in flags.items():
        for value in values:
            if name == "retries":
                if value and not (_RETRIES.fullmatch(value) and int(value) < 1 << 31):
                    raise NotBuiltError("--retries is not a number from 0")
            elif value and not _is_time(value):
                raise NotBuiltError(f"--{name} is not a time of a millisecond or more")


def _is_time(text: str) -> bool:
    if _DURATION.fullmatch(text) is None:
        return False
    sign = -1 if text.startswith("-") else 1
    parts = _PART.findall(text)
    total = sign * sum(
        float(number) * (_UNITS.get(unit) or _SECONDS[unit] * 10**9) for number, unit in parts
    )
    return int(total) == 0 or total >= _UNITS["ms"]


def fields_of(text: str) -> list[str]:
    """Cut a list of fields at its commas; one with a comma in it is quoted.

    Raises:
        NotBuiltError: quotes stand where none may.
    """
    if '"' not in text:
        return text.split(",")
    try:
        (fields,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError) as error:
        raise NotBuiltError(f"--mount can't be read: {error}") from error
    if any('"' in piece for piece in _outside(text)):
        raise NotBuiltError("--mount has a quote inside of a field")
    return fields


def _outside(text: str) -> list[str]:
    """What of fields is not quoted."""
    return re.sub(r'(?:^|(?<=,))"(?:[^"]|"")*"(?=,|$)', "", text).split(",")


def mount_of(text: str, expand: Callable[[str], str]) -> dict[str, str]:
    """Read a mount: its fields by their long names, and ``readonly`` as it comes to.

    Raises:
        NotBuiltError: BuildKit takes no such mount.
    """
    found: dict[str, str] = {"type": "bind"}
    for field in fields_of(text):
        key, equals, value = field.partition("=")
        key = key.lower()
        if not equals:
            _set_alone(found, key)
            continue
        _set(found, _NAMES.get(key, key), expand(value))
    _check_mount(found)
    found.setdefault("readonly", "false" if found["type"] in {"cache", "tmpfs"} else "true")
    return found


def _set_alone(found: dict[str, str], key: str) -> None:
    if key in _ALONE:
        found["readonly"] = "true" if key.startswith(("readonly", "ro")) else "false"
    elif key == "required" and found["type"] in {"secret", "ssh"}:
        found["required"] = "true"
    else:
        raise NotBuiltError(f"--mount: {key} needs a value")


def _set(found: dict[str, str], key: str, value: str) -> None:
    if key == "type":
        value = value.lower()
        if value not in _TYPES:
            raise NotBuiltError(f"--mount: no type {value}")
    elif key in {"readonly", "readwrite", "rw", "required"}:
        if key == "required" and found["type"] not in {"secret", "ssh"}:
            raise NotBuiltError(f"--mount: a {found['type']} is not required")
        truth = _go_boolean(key, value)
        key, truth = (key, truth) if key in {"readonly", "required"} else ("readonly", not truth)
        value = "true" if truth else "false"
    elif key not in _VALUES:
        raise NotBuiltError(f"--mount takes no {key}")
    elif key == "sharing":
        value = value.lower()
        if value not in {"shared", "private", "locked"}:
            raise NotBuiltError(f"--mount: no sharing {value}")
    elif key in {"uid", "gid", "mode"} and not re.fullmatch(
        r"[0-7]+" if key == "mode" else r"\d+", value
    ):
        raise NotBuiltError(f"--mount: {key} is not a number")
    elif key == "size" and found["type"] != "tmpfs":
        raise NotBuiltError("--mount: only a tmpfs has a size")
    found[key] = value


def _go_boolean(key: str, value: str) -> bool:
    if value in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    if value in {"0", "f", "F", "false", "FALSE", "False"}:
        return False
    raise NotBuiltError(f"--mount: {key} is neither true nor false")


def _check_mount(found: Mapping[str, str]) -> None:
    kind = found["type"]
    if kind not in {"secret", "ssh", "cache"} and not found.keys().isdisjoint(
        {"mode", "uid", "gid"}
    ):
        raise NotBuiltError(f"--mount: a {kind} has no mode and no owner")
    if found.get("sharing") and kind != "cache":
        raise NotBuiltError(f"--mount: a {kind} is not shared")
    if kind != "secret":
        return
    if found.get("from"):
        raise NotBuiltError("--mount: a secret comes from no stage")
    given = [key for key in ("source", "target", "id") if found.get(key)]
    if not given or {"source", "id"} <= set(given):
        raise NotBuiltError("--mount: a secret has one of id and target")
