"""What reading the policy files has come to so far, and what is still to be checked."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import msgspec
import yaml

from auditor.errors import Location, PolicyError
from auditor.late import late
from auditor.model.policy import Control, Framework, Profile, Rule, Selection
from auditor.platforms import PLATFORMS, Platforms
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader

ID = late(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""Ids of rules and profiles, frameworks, and tags."""
CONTROL_ID = r"[A-Za-z0-9][A-Za-z0-9.()&-]*"
"""Ids of controls as frameworks write them: 5.2.2, AC-6(5), I&S-06, 164.312(a)(1), AML.M0016."""
CONTROL = late(rf"[a-z0-9-]+:{CONTROL_ID}")
"""A control of a framework, ``framework:id``."""

Choice = TypeVar("Choice", bound=Enum)


class Use(msgspec.Struct, frozen=True):
    """A name that some file has to define: of a ``control``, ``framework``, ``profile``, ..."""

    what: str
    name: str
    location: Location


class MappedRule(msgspec.Struct, frozen=True):
    """A control's mapping to rules, as its framework's file has it.

    ``rule`` is an id, a former id, or a pattern of ids; else ``tag`` is one of rules.
    """

    control: str
    location: Location
    rule: str = ""
    tag: str = ""

    @property
    def wide(self) -> bool:
        """Whether it is about more rules than one."""
        return bool(self.tag) or "*" in self.rule or "?" in self.rule


class Said(msgspec.Struct):
    """What files say, each for itself: plain values, which a build can keep.

    ``mapped`` are rules of controls as files of frameworks name them, ``same`` are controls that
    ask for what another one does, with the place that says so. ``files`` are (kind, stem) of all
    files, ``places`` where a (kind, name) is defined.
    """

    rules: dict[str, Rule] = msgspec.field(default_factory=dict)
    controls: dict[str, Control] = msgspec.field(default_factory=dict)
    mapped: list[MappedRule] = msgspec.field(default_factory=list)
    same: list[tuple[str, str, Location]] = msgspec.field(default_factory=list)
    frameworks: dict[str, Framework] = msgspec.field(default_factory=dict)
    profiles: dict[str, Profile] = msgspec.field(default_factory=dict)
    tables: dict[str, list[Mapping[str, object]]] = msgspec.field(default_factory=dict)
    places: dict[tuple[str, str], Location] = msgspec.field(default_factory=dict)
    files: list[tuple[str, str]] = msgspec.field(default_factory=list)
    uses: list[Use] = msgspec.field(default_factory=list)
    aliases: list[tuple[str, str, Location]] = msgspec.field(default_factory=list)
    selections: list[tuple[Selection, Location]] = msgspec.field(default_factory=list)
    parameters: list[tuple[str, object, Location]] = msgspec.field(default_factory=list)


class Found(Said):
    """Filled file by file; what needs all files is checked by :mod:`auditor.policy.check`.

    ``platforms`` are those whose kinds the files may name.
    """

    platforms: Platforms = PLATFORMS
    errors: list[PolicyError] = msgspec.field(default_factory=list)

    def define(self, what: str, name: str, location: Location) -> None:
        """Note where something is defined; twice is an error, which names the other place."""
        other = self.places.setdefault((what, name), location)
        if other is not location:
            hint = "ids are for ever and for one thing: choose another"
            if what == "rule":
                hint = "choose another id; a profile can exclude the other rule"
            elif what == "framework":
                hint = f"choose another id; controls of yours may name its own: {name}:ID"
            self.fail(location, f"{what} {name} exists already, in {other}", hint)

    def fail(self, location: Location, message: str, hint: str = "") -> None:
        """Note an error at a place."""
        self.errors.append(PolicyError(message, location=location, hint=hint))


def read_id(reader: Reader, node: yaml.Node | None, stem: str) -> str:
    """An id, which is also the name of the file."""
    name = reader.string(node)
    if not name:
        return ""
    if not ID.fullmatch(name):
        reader.fail(node, f"{name!r} is not an id", "lower-case words and digits joined by dashes")
    elif name != stem:
        reader.fail(node, f"the file must be named {name}.yaml, not {stem}.yaml")
    return name


def read_choice(
    reader: Reader, node: yaml.Node | None, kind: type[Choice], default: Choice
) -> Choice:
    """A member of a closed set by its value; ``default`` after an error."""
    text = reader.string(node)
    for member in kind:
        if member.value == text:
            return member
    if text:
        values = [member.value for member in kind]
        reader.fail(node, f"{text!r} is not allowed", suggestion(text, values))
    return default


def read_words(reader: Reader, node: yaml.Node | None) -> list[tuple[yaml.Node, str]]:
    """A list of lower-case words joined by dashes, such as tags, each with its node."""
    words = reader.texts(node)
    for item, word in words:
        if not ID.fullmatch(word):
            reader.fail(item, f"{word!r} is not written as words joined by dashes")
    return words
