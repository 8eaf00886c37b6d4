"""What each keyword takes behind it: words, a list in JSON, or names with values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.late import late
from collectors.docker.dockerfile.faults import NotBuiltError
from collectors.docker.dockerfile.flags import check_health, flags_of, split_flags
from collectors.docker.dockerfile.words import SPACES

_BLANKS: Final = late(r"[\t\v\f\r ]+")
_SPACES: Final = frozenset(SPACES)
_STAGE: Final = late(r"[a-z][a-z0-9\-_.]*")
_FLAGS_UNREAD: Final = frozenset({"ARG", "STOPSIGNAL"})
"""What BuildKit does not look at the options of."""


class Heredoc(msgspec.Struct, frozen=True):
    """A text that stands below an instruction; ``expand``: variables are put in."""

    name: str
    expand: bool
    chomp: bool
    content: str = ""


class Instruction(msgspec.Struct):
    """One instruction, with the lines where it begins and ends, from 1.

    ``words`` are as they are written; ``pairs`` are those of ENV, LABEL and ARG, without a value
    where it has none. ``is_json``: the words are the items of a list. ``variable``: the words of a
    USER depend on variables.
    """

    keyword: str
    flags: dict[str, list[str]]
    words: list[str]
    is_json: bool = False
    pairs: list[tuple[str, str | None]] = []
    heredocs: list[Heredoc] = []
    rest: str = ""
    line: int = 0
    end: int = 0
    triggered: bool = False
    variable: bool = False


def instruction_of(line: str, escape: str) -> Instruction:
    """Read one instruction, of which all lines were put together.

    Raises:
        NotBuiltError: BuildKit takes no such instruction.
    """
    found = _shaped(line, escape)
    if found.keyword not in _SHAPES:
        raise NotBuiltError(f"unknown instruction: {found.keyword}")
    return found


def checked(found: Instruction) -> Instruction:
    """Check what an instruction needs, once its heredocs are known.

    Raises:
        NotBuiltError: something is missing, or is too much.
    """
    _CHECKS.get(found.keyword, _any)(found)
    return found


def _shaped(line: str, escape: str) -> Instruction:
    head, *rest = _BLANKS.split(line.strip(SPACES), maxsplit=1)
    flags, text = split_flags(rest[0], escape) if rest else ([], "")
    text = text.strip(SPACES)
    keyword = head.upper()
    shape = _SHAPES.get(keyword)
    if shape is None:
        raise NotBuiltError(f"unknown instruction: {head}")
    options = {} if keyword in _FLAGS_UNREAD else flags_of(keyword, flags)
    made = Instruction(keyword, options, [], rest=text)
    shape(made, text, escape)
    return made


def _list(found: Instruction, text: str) -> bool:
    """Take a list in JSON; whether it is one."""
    text = text.lstrip(SPACES)
    if not text.startswith("["):
        return False
    try:
        items = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    if not all(isinstance(item, str) for item in items):
        raise NotBuiltError("a list in JSON has to be one of texts")
    found.words = [
        item.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for item in items
    ]
    found.is_json = True
    return True


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _text_or_list(found: Instruction, text: str, escape: str) -> None:
    del escape
    if text and not _list(found, text):
        found.words = [text]


def _blanks_or_list(found: Instruction, text: str, escape: str) -> None:
    if not _list(found, text):
        _blanks(found, text, escape)


def _blanks(found: Instruction, text: str, escape: str) -> None:
    del escape
    found.words = _BLANKS.split(text) if text else []


def _text(found: Instruction, text: str, escape: str) -> None:
    del escape
    found.words = [text] if text else []


def _health(found: Instruction, text: str, escape: str) -> None:
    del escape
    kind = re.match(rf"[^{SPACES}]*", text)
    head = kind[0] if kind is not None else ""
    if head and not _list(found, rest := text[len(head) :].lstrip(SPACES)):
        found.words = [rest] if rest else []
    found.words = [head, *found.words] if head else []


def _settings(found: Instruction, text: str, escape: str) -> None:
    words = split_words(text, escape)
    if words and "=" not in words[0]:
        name, *value = _BLANKS.split(text, maxsplit=1)
        if not value:
            raise NotBuiltError(f"{found.keyword} has to have a name and a value")
        found.pairs = [(name, value[0])]
        return
    missing = next((word for word in words if "=" not in word), None)
    if missing is not None:
        raise NotBuiltError(f"{found.keyword}: {missing} is not written NAME=VALUE")
    found.pairs = [(name, value) for name, _, value in (word.partition("=") for word in words)]


def _arguments(found: Instruction, text: str, escape: str) -> None:
    found.pairs = [
        (name, value if equals else None)
        for name, equals, value in (word.partition("=") for word in split_words(text, escape))
    ]


def _trigger(found: Instruction, text: str, escape: str) -> None:
    """An instruction of its own, of which BuildKit checks how it is written and no more."""
    found.words = [text] if text else []
    head, *rest = _BLANKS.split(text, maxsplit=1)
    shape = _SHAPES.get(head.upper())
    if shape is not None:
        below = split_flags(rest[0], escape)[1].strip(SPACES) if rest else ""
        shape(Instruction(head.upper(), {}, []), below, escape)


def split_words(text: str, escape: str) -> list[str]:
    """Cut a text at its white space; quotes and escapes stay in the words."""
    words: list[str] = []
    buffer: list[str] = []
    quote, blank_counts, at = "", False, 0
    while at < len(text):
        char = text[at]
        at += 1
        if not quote and char in _SPACES:
            if buffer or blank_counts:
                words.append("".join(buffer))
            buffer, blank_counts = [], False
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in {"'", '"'}:
            quote, blank_counts = char, True
        if char == escape and quote != "'":
            if at == len(text):
                break
            buffer.append(char)
            char = text[at]
            at += 1
        buffer.append(char)
    if buffer or blank_counts:
        words.append("".join(buffer))
    return words


_Shape = Callable[[Instruction, str, str], None]
_SHAPES: Final[Mapping[str, _Shape]] = MappingProxyType(
    {
        "ADD": _blanks_or_list,
        "ARG": _arguments,
        "CMD": _text_or_list,
        "COPY": _blanks_or_list,
        "ENTRYPOINT": _text_or_list,
        "ENV": _settings,
        "EXPOSE": _blanks,
        "FROM": _blanks,
        "HEALTHCHECK": _health,
        "LABEL": _settings,
        "MAINTAINER": _text,
        "ONBUILD": _trigger,
        "RUN": _text_or_list,
        "SHELL": _text_or_list,
        "STOPSIGNAL": _text,
        "USER": _text,
        "VOLUME": _blanks_or_list,
        "WORKDIR": _text,
    }
)


def _any(found: Instruction) -> None:
    del found


def _one_word(found: Instruction) -> None:
    if len(found.words) != 1:
        raise NotBuiltError(f"{found.keyword} takes exactly one argument")


def _some_words(found: Instruction) -> None:
    if not found.words:
        raise NotBuiltError(f"{found.keyword} takes at least one argument")


def _some_pairs(found: Instruction) -> None:
    if not found.pairs:
        raise NotBuiltError(f"{found.keyword} takes at least one argument")
    if any(not name for name, _ in found.pairs):
        raise NotBuiltError(f"{found.keyword}: a name is empty")


def _argument_names(found: Instruction) -> None:
    if not found.pairs:
        raise NotBuiltError("ARG takes at least one argument")
    if any(not name and value is not None for name, value in found.pairs):
        raise NotBuiltError("ARG: a name is empty")


def _stage(found: Instruction) -> None:
    words = found.words
    if len(words) == 3 and words[1].lower() == "as":
        if not _STAGE.fullmatch(words[2].lower()):
            raise NotBuiltError(f"{words[2]} is not a name of a stage")
    elif len(words) != 1:
        raise NotBuiltError("FROM takes an image, and AS with a name")


def _sources(found: Instruction) -> None:
    if len(found.words) < 2:
        raise NotBuiltError(f"{found.keyword} takes at least two arguments")


def _shell(found: Instruction) -> None:
    _some_words(found)
    if not found.is_json:
        raise NotBuiltError("SHELL takes a list in JSON")


def _volumes(found: Instruction) -> None:
    _some_words(found)
    found.words = [word.strip(SPACES) for word in found.words]
    if not all(found.words):
        raise NotBuiltError("VOLUME: a path is empty")


def _check_health(found: Instruction) -> None:
    _some_words(found)
    kind = found.words[0].upper()
    if kind == "NONE":
        if len(found.words) > 1:
            raise NotBuiltError("HEALTHCHECK NONE takes no arguments")
        return
    if kind != "CMD":
        raise NotBuiltError("HEALTHCHECK is followed by CMD or NONE")
    if len(found.words) == 1:
        raise NotBuiltError("HEALTHCHECK CMD has no command")
    check_health(found.flags)


def _check_run(found: Instruction) -> None:
    for mount in found.flags.get("mount", ()):
        for field in mount.split(","):
            key, _, value = field.partition("=")
            if key.lower() == "from" and "$" in value[:-1]:
                raise NotBuiltError("--mount: from takes no variables")


def _check_trigger(found: Instruction) -> None:
    _some_words(found)
    keyword = _BLANKS.split(found.words[0], maxsplit=1)[0].upper()
    if keyword in {"ONBUILD", "FROM", "MAINTAINER"}:
        raise NotBuiltError(f"ONBUILD takes no {keyword}")


_CHECKS: Final[Mapping[str, Callable[[Instruction], None]]] = MappingProxyType(
    {
        "ADD": _sources,
        "ARG": _argument_names,
        "COPY": _sources,
        "ENV": _some_pairs,
        "EXPOSE": _some_words,
        "FROM": _stage,
        "HEALTHCHECK": _check_health,
        "LABEL": _some_pairs,
        "MAINTAINER": _one_word,
        "ONBUILD": _check_trigger,
        "RUN": _check_run,
        "SHELL": _shell,
        "STOPSIGNAL": _one_word,
        "USER": _one_word,
        "VOLUME": _volumes,
        "WORKDIR": _one_word,
    }
)
