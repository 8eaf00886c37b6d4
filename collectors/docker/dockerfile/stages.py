"""A file as a build goes through it: stages, and variables put in as they are at that line.

Arguments before the first FROM are for FROM lines, and for those that a stage asks for by
``ARG NAME``. A stage that is built on another one has what that one has set. What nobody gives is
open: an argument without a default, what BuildKit says of the platform, and any variable of a base
image, which is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.model.enums import GapCause
from collectors.docker.dockerfile.faults import MOST_STAGES, Budget, NotBuiltError
from collectors.docker.dockerfile.flags import mount_of
from collectors.docker.dockerfile.instructions import Heredoc, Instruction, checked, instruction_of
from collectors.docker.dockerfile.lines import Parsed, heredoc_of, without_tabs
from collectors.docker.dockerfile.words import Lexer, Variables, nothing, open_value

SCRATCH: Final = "scratch"
PREDEFINED: Final = (
    *("BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT"),
    *("TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT"),
    "TARGETSTAGE",
)
"""What BuildKit sets itself, where it is asked for."""
_EXPANDED: Final = frozenset(
    {"ADD", "COPY", "ENV", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
_DOLLAR: Final = "$"
_EXPANDED_FLAGS: Final = frozenset({"chown", "chmod", "checksum"})


class Around(msgspec.Struct, frozen=True):
    """What a build is told from outside.

    ``predefined`` are the values of :data:`PREDEFINED`. ``unset`` says what stands for a variable
    that nobody gave, ``hide`` what of a value is put into others, by its name. ``base`` is false
    where base images are known to set nothing.
    """

    predefined: Mapping[str, str] = MappingProxyType(
        {name: open_value(name) for name in PREDEFINED}
    )
    unset: Callable[[str], str] = open_value
    hide: Callable[[str, str], str] = lambda name, value: value  # noqa: ARG005 - as it is
    base: bool = True


AROUND: Final = Around()


class Stage(msgspec.Struct):
    """One stage: ``base`` is an image, ``on`` the number of the stage that it is built on.

    ``variable``: which of these it is depends on variables.
    """

    base: str
    name: str
    platform: str
    line: int
    on: int | None
    instructions: list[Instruction]
    triggers: list[Instruction]
    variables: dict[str, str]
    asked: frozenset[str]
    end: int = 0
    variable: bool = False


class Built(msgspec.Struct, frozen=True):
    """What a file comes to: ``arguments`` are those before the first FROM."""

    arguments: list[Instruction]
    stages: list[Stage]


class Build:
    """Goes through one file; it can be asked for the mounts of what it went through."""

    def __init__(self, escape: str, budget: Budget, around: Around) -> None:
        self._lexer = Lexer(budget, escape=escape)
        self._budget = budget
        self._around = around
        self._given = dict(around.predefined)
        self._asked: set[str] = set()
        self._arguments: list[Instruction] = []
        self._stages: list[Stage] = []

    def through(self, parsed: Parsed) -> Built:
        """Go through the instructions of a file.

        Raises:
            NotBuiltError: BuildKit stops, with the line.
        """
        for each in parsed.instructions:
            try:
                self._step(each)
            except NotBuiltError as error:
                raise error.at(each.line) from None
        if not self._stages:
            raise NotBuiltError("there is no stage in it")
        return Built(self._arguments, self._stages)

    def _step(self, each: Instruction) -> None:
        if each.keyword == "FROM":
            self._begin(each)
        elif self._stages:
            self._in_stage(self._stages[-1], each)
        elif each.keyword == "ARG":
            self._before(each)
        else:
            raise NotBuiltError("no FROM comes before it")

    def _before(self, each: Instruction) -> None:
        pairs: list[tuple[str, str | None]] = []
        for name, written in each.pairs:
            value = None
            if written is not None:
                value = self._word(written, self._given, frozenset(self._asked))
                self._given[name] = self._around.hide(name, value)
            elif name not in self._given:
                self._asked.add(name)
            pairs.append((name, value))
        self._arguments.append(msgspec.structs.replace(each, pairs=pairs))

    def _word(self, text: str, values: Mapping[str, str], asked: frozenset[str]) -> str:
        """Put variables into a text; ``asked`` are unset ones that somebody may give."""
        return self._lexer.word(text, self._known(values, asked))

    def _known(self, values: Mapping[str, str], asked: frozenset[str]) -> Variables:
        unset = self._around.unset
        return Variables(values.get, lambda name: unset(name) if name in asked else nothing(name))

    def _begin(self, each: Instruction) -> None:
        asked = frozenset(self._asked)
        base = self._word(each.words[0], self._given, asked)
        if not base:
            raise NotBuiltError(f"the image {each.words[0]} comes to nothing")
        platforms = each.flags.get("platform", [""])
        platform = self._word(platforms[0], self._given, asked) if platforms[0] else ""
        name = each.words[2].lower() if len(each.words) > 1 else ""
        on = self._number_of(base)
        stage = Stage(base, name, platform, each.line, on, [], [], {}, frozenset(), each.end)
        stage.variable = _DOLLAR in each.words[0]
        if on is not None:
            below = self._stages[on]
            stage.variables, stage.asked = dict(below.variables), below.asked
        self._stages.append(stage)
        if len(self._stages) > MOST_STAGES:
            detail = f"more than {MOST_STAGES} stages"
            raise NotBuiltError(detail, cause=GapCause.TRUNCATED)
        for trigger in self._stages[on].triggers if on is not None else ():
            made = msgspec.structs.replace(trigger, line=each.line, end=each.end, triggered=True)
            self._in_stage(stage, made)

    def _number_of(self, base: str) -> int | None:
        numbers = [number for number, each in enumerate(self._stages) if each.name == base]
        return numbers[-1] if numbers and base else None

    def _in_stage(self, stage: Stage, each: Instruction) -> None:
        if each.keyword == "ARG":
            made = self._argument(stage, each)
        elif each.keyword == "ONBUILD":
            made = each
            stage.triggers += self._triggers(each)
        else:
            made = self._expanded(stage, each)
        if each.keyword == "ENV":
            for name, value in made.pairs:
                stage.variables[name] = self._around.hide(name, value or "")
        stage.instructions.append(made)
        stage.end = each.end

    def _triggers(self, each: Instruction) -> list[Instruction]:
        """Read what is set off by a stage on this one; what can't be read stops only that."""
        try:
            found = instruction_of(each.words[0], self._lexer.escape)
            found.line, found.heredocs = each.line, each.heredocs
            return [checked(found)]
        except NotBuiltError:
            return []

    def _argument(self, stage: Stage, each: Instruction) -> Instruction:
        pairs: list[tuple[str, str | None]] = []
        for name, written in each.pairs:
            value = self._given.get(name)
            if written is not None:
                value = self._in(stage, written)
            if value is None:
                stage.asked |= {name}
            else:
                stage.variables[name] = self._around.hide(name, value)
            pairs.append((name, value if written is not None else None))
        return msgspec.structs.replace(each, pairs=pairs)

    def _variables(self, stage: Stage) -> Variables:
        """Those of a stage; one that it does not set may be its base image's."""
        if self._root(stage).base == SCRATCH or not self._around.base:
            return self._known(stage.variables, stage.asked)
        return Variables(
            lambda name: stage.variables.get(
                name, None if name in stage.asked else open_value(name)
            ),
            self._around.unset,
        )

    def _root(self, stage: Stage) -> Stage:
        while stage.on is not None:
            stage = self._stages[stage.on]
        return stage

    def _in(self, stage: Stage, text: str) -> str:
        return self._lexer.word(text, self._variables(stage))

    def _expanded(self, stage: Stage, each: Instruction) -> Instruction:
        made = msgspec.structs.replace(each)
        if each.keyword in {"ENV", "LABEL"}:
            made.pairs = [
                (self._in(stage, name), self._in(stage, value or "")) for name, value in each.pairs
            ]
        elif each.keyword == "EXPOSE":
            known = self._variables(stage)
            made.words = [
                port for word in sorted(each.words) for port in self._lexer.words(word, known)
            ]
        elif each.keyword in {"ADD", "COPY"}:
            self._copied(stage, made)
        elif each.keyword in _EXPANDED:
            made.variable = each.keyword == "USER" and any(_DOLLAR in word for word in each.words)
            made.words = [self._in(stage, word) for word in each.words]
        made.flags = {
            name: [self._in(stage, value) for value in values]
            if name in _EXPANDED_FLAGS
            else values
            for name, values in each.flags.items()
        }
        return made

    def _copied(self, stage: Stage, made: Instruction) -> None:
        """Put variables into paths and into the texts of heredocs."""
        *sources, target = made.words
        if heredoc_of(target, self._budget) is not None:
            raise NotBuiltError(f"{made.keyword} copies to no heredoc")
        by_name = {each.name: each for each in made.heredocs}
        words, texts = [], []
        for source in sources:
            found = heredoc_of(source, self._budget)
            if found is None:
                words.append(self._in(stage, source))
            else:
                below = by_name.get(found.name, found)
                texts.append(self._text(stage, msgspec.structs.replace(below, chomp=found.chomp)))
        made.words, made.heredocs = [*words, self._in(stage, target)], texts

    def _text(self, stage: Stage, heredoc: Heredoc) -> Heredoc:
        content = without_tabs(heredoc.content) if heredoc.chomp else heredoc.content
        if heredoc.expand:
            lexer = Lexer(self._budget, plain_quotes=True)
            content = lexer.word(content, self._variables(stage))
        return msgspec.structs.replace(heredoc, content=content)

    def mounts(self, stage: Stage, each: Instruction) -> Iterator[dict[str, str]]:
        """Read the mounts of a RUN.

        Raises:
            NotBuiltError: BuildKit takes no such mount, with the line.
        """
        try:
            for text in each.flags.get("mount", ()):
                yield mount_of(text, lambda value: self._in(stage, value))
        except NotBuiltError as error:
            raise error.at(each.line) from None
