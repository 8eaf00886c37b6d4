"""Policy files to a policy set; all errors of all files are collected before anything stops."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from auditor.errors import Location, PolicyError, PolicyErrors, UsageError
from auditor.model.enums import Confidence, Severity, Verdict
from auditor.model.policy import (
    Control,
    Equivalent,
    Example,
    Expression,
    Override,
    Parameter,
    Profile,
    Rule,
    Selection,
)
from auditor.policy.parameters import TYPES, convert
from auditor.policy.places import segments_of
from auditor.policy.source import Reader, suggestion

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RULE_REQUIRED = (
    *("id", "title", "severity", "confidence", "applies-to", "check", "message"),
    *("rationale", "remediation", "references", "examples"),
)
_RULE_OPTIONAL = (
    *("each", "when", "needs", "parameters", "tags", "controls", "aliases", "equivalent"),
)
_RULE_KEYS = (*_RULE_REQUIRED, *_RULE_OPTIONAL)
_PARAMETER_KEYS = ("type", "default", "description", "min", "max", "choices")
_EXAMPLE_KEYS = ("name", "expect", "params", "object")
_PROFILE_KEYS = (
    *("id", "title", "description", "extends", "select", "exclude", "parameters"),
    *("overrides", "gate"),
)
_SELECTION_KEYS = ("ids", "tags", "controls", "severity")

Choice = TypeVar("Choice", bound=Enum)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything that the policy folders say. Controls are keyed ``framework:id``."""

    rules: Mapping[str, Rule]
    controls: Mapping[str, Control]
    profiles: Mapping[str, Profile]
    tables: Mapping[str, list[Mapping[str, object]]]
    digest: str


def policy_files(folder: Path) -> list[tuple[str, Path]]:
    """The policy files below a folder as (relative name, path), in one order everywhere."""
    found = []
    for kind in ("rules", "controls", "profiles", "tables"):
        found += [
            (path.relative_to(folder).as_posix(), path) for path in (folder / kind).rglob("*.yaml")
        ]
    return sorted(found)


def digest_of(folders: Sequence[Path]) -> str:
    """sha256 over names and bytes of all policy files."""
    total = hashlib.sha256()
    for number, folder in enumerate(folders):
        for name, path in policy_files(folder):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{number}\0{name}\0{content}\n".encode())
    return f"sha256:{total.hexdigest()}"


def load(folders: Sequence[Path]) -> PolicySet:
    """Load policy folders, the built-in one first.

    Raises:
        PolicyErrors: anything is wrong with any file.
    """
    loader = _Loader()
    for folder in folders:
        for name, path in policy_files(folder):
            shown = name if len(folders) == 1 else str(path)
            loader.take(Reader(path, shown, loader.errors), name.split("/", 1)[0], path)
    loader.cross_check()
    if loader.errors:
        raise PolicyErrors(tuple(loader.errors))
    return PolicySet(
        rules=dict(sorted(loader.rules.items())),
        controls=loader.mapped_controls(),
        profiles=dict(sorted(loader.profiles.items())),
        tables=loader.tables,
        digest=digest_of(folders),
    )


class _Loader:
    def __init__(self) -> None:
        self.errors: list[PolicyError] = []
        self.rules: dict[str, Rule] = {}
        self.controls: dict[str, Control] = {}
        self.profiles: dict[str, Profile] = {}
        self.tables: dict[str, list[Mapping[str, object]]] = {}

    def take(self, reader: Reader, kind: str, path: Path) -> None:
        if reader.root is None:
            if not self.errors:
                reader.fail(None, "the file is empty")
            return
        match kind:
            case "rules":
                self._rule(reader, path)
            case "controls":
                self._controls(reader)
            case "profiles":
                self._profile(reader)
            case _:
                self._table(reader, path)

    def _rule(self, reader: Reader, path: Path) -> None:
        before = len(self.errors)
        found = reader.mapping(reader.root, _RULE_KEYS, _RULE_REQUIRED)
        parameters = self._parameters(reader, found.get("parameters"))
        rule = Rule(
            id=self._id(reader, found.get("id")),
            title=reader.string(found.get("title")),
            severity=self._choice(reader, found.get("severity"), Severity, Severity.MEDIUM),
            confidence=self._choice(reader, found.get("confidence"), Confidence, Confidence.HIGH),
            applies_to=reader.strings(found.get("applies-to")),
            check=_expression(reader, found.get("check")),
            message=_expression(reader, found.get("message")),
            each=_expression(reader, found["each"]) if "each" in found else None,
            when=_expression(reader, found["when"]) if "when" in found else None,
            needs=reader.strings(found.get("needs")),
            parameters=parameters,
            rationale=reader.string(found.get("rationale")),
            remediation=reader.string(found.get("remediation")),
            references=reader.strings(found.get("references")),
            controls=reader.strings(found.get("controls")),
            tags=reader.strings(found.get("tags")),
            aliases=reader.strings(found.get("aliases")),
            examples=self._examples(reader, found.get("examples"), parameters),
            location=reader.location(reader.root),
            equivalent=_equivalent(reader, found.get("equivalent")),
        )
        if path.stem != rule.id:
            reader.fail(found.get("id"), f"the file must be named {rule.id}.yaml")
        if rule.id in self.rules:
            other = self.rules[rule.id].location
            reader.fail(found.get("id"), f"rule {rule.id} exists already in {other.file}")
        if len(self.errors) == before:
            self.rules[rule.id] = rule

    def _id(self, reader: Reader, node: yaml.Node | None) -> str:
        name = reader.string(node)
        if node is not None and not _ID.fullmatch(name):
            reader.fail(node, f"{name!r} is no id", "lower-case words joined by dashes")
        return name

    def _choice(
        self, reader: Reader, node: yaml.Node | None, kind: type[Choice], default: Choice
    ) -> Choice:
        if node is None:
            return default
        text = reader.string(node)
        for member in kind:
            if member.value == text:
                return member
        reader.fail(node, f"{text!r} is not allowed", suggestion(text, [m.value for m in kind]))
        return default

    def _parameters(self, reader: Reader, node: yaml.Node | None) -> tuple[Parameter, ...]:
        if node is None:
            return ()
        made = []
        for name, entry in reader.mapping(node, ()).items():
            found = reader.mapping(entry, _PARAMETER_KEYS, ("type", "default", "description"))
            kind = reader.string(found.get("type"))
            if kind not in TYPES:
                reader.fail(found.get("type"), f"no type {kind!r}", suggestion(kind, TYPES))
                continue
            parameter = Parameter(
                name=name,
                type=kind,
                default=None,
                description=reader.string(found.get("description")),
                minimum=self._bound(reader, found.get("min")),
                maximum=self._bound(reader, found.get("max")),
                choices=reader.strings(found.get("choices")),
            )
            default = self._converted(reader, found.get("default"), parameter)
            made.append(_with_default(parameter, default))
        return tuple(made)

    def _bound(self, reader: Reader, node: yaml.Node | None) -> int | None:
        if node is None:
            return None
        value = reader.value(node)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        reader.fail(node, "must be a whole number")
        return None

    def _converted(self, reader: Reader, node: yaml.Node | None, parameter: Parameter) -> object:
        value = reader.value(node)
        try:
            return convert(parameter, value)
        except UsageError as error:
            reader.fail(node, error.message)
            return None

    def _examples(
        self, reader: Reader, node: yaml.Node | None, parameters: tuple[Parameter, ...]
    ) -> tuple[Example, ...]:
        by_name = {parameter.name: parameter for parameter in parameters}
        made = []
        for item in reader.items(node):
            found = reader.mapping(item, _EXAMPLE_KEYS, ("name", "expect", "object"))
            values: dict[str, object] = {}
            if "params" in found:
                for name, value in reader.mapping(found["params"], ()).items():
                    if name not in by_name:
                        reader.fail(value, f"no parameter {name!r}", suggestion(name, by_name))
                        continue
                    values[name] = self._converted(reader, value, by_name[name])
            try:
                body = msgspec.json.encode(reader.value(found.get("object")))
            except (TypeError, ValueError) as error:
                reader.fail(found.get("object"), f"no JSON value: {error}")
                body = b"{}"
            expect = self._choice(reader, found.get("expect"), Verdict, Verdict.PASS)
            made.append(
                Example(
                    reader.string(found.get("name")), expect, body, values, reader.location(item)
                )
            )
        return tuple(made)

    def _controls(self, reader: Reader) -> None:
        found = reader.mapping(
            reader.root, ("framework", "title", "url", "controls"), ("framework", "controls")
        )
        framework = reader.string(found.get("framework"))
        for item in reader.items(found.get("controls")):
            entry = reader.mapping(item, ("id", "title"), ("id", "title"))
            name = reader.string(entry.get("id"))
            key = f"{framework}:{name}"
            if key in self.controls:
                reader.fail(item, f"control {key} exists already")
            self.controls[key] = Control(framework, name, reader.string(entry.get("title")), ())

    def _profile(self, reader: Reader) -> None:
        found = reader.mapping(reader.root, _PROFILE_KEYS, ("id", "title", "gate"))
        values: dict[str, object] = {}
        if "parameters" in found:
            entries = reader.mapping(found["parameters"], ())
            values = {name: reader.value(node) for name, node in entries.items()}
        name = self._id(reader, found.get("id"))
        if name in self.profiles:
            reader.fail(found.get("id"), f"profile {name} exists already")
        self.profiles[name] = Profile(
            id=name,
            title=reader.string(found.get("title")),
            description=reader.string(found.get("description")),
            extends=reader.strings(found.get("extends")),
            select=self._selections(reader, found.get("select")),
            exclude=self._selections(reader, found.get("exclude")),
            parameters=values,
            overrides=self._overrides(reader, found.get("overrides")),
            gate=reader.string(found.get("gate")),
            location=reader.location(reader.root),
        )

    def _selections(self, reader: Reader, node: yaml.Node | None) -> tuple[Selection, ...]:
        made = []
        for item in reader.items(node):
            found = reader.mapping(item, _SELECTION_KEYS)
            severity = None
            if "severity" in found:
                severity = self._choice(reader, found["severity"], Severity, Severity.INFO)
            made.append(
                Selection(
                    reader.strings(found.get("ids")),
                    reader.strings(found.get("tags")),
                    reader.strings(found.get("controls")),
                    severity,
                )
            )
        return tuple(made)

    def _overrides(self, reader: Reader, node: yaml.Node | None) -> tuple[Override, ...]:
        made = []
        for item in reader.items(node):
            keys = ("rule", "severity", "reason")
            found = reader.mapping(item, keys, keys)
            made.append(
                Override(
                    reader.string(found.get("rule")),
                    self._choice(reader, found.get("severity"), Severity, Severity.MEDIUM),
                    reader.string(found.get("reason")),
                )
            )
        return tuple(made)

    def _table(self, reader: Reader, path: Path) -> None:
        rows = self.tables.setdefault(path.stem, [])
        for item in reader.items(reader.root):
            value = reader.value(item)
            if isinstance(value, dict):
                rows.append(value)
            else:
                reader.fail(item, "a row must be a mapping")

    def cross_check(self) -> None:
        """What only all files together can show."""
        aliases: dict[str, str] = {}
        for rule in self.rules.values():
            for alias in rule.aliases:
                if alias in self.rules or alias in aliases:
                    self._fail(rule.location, f"alias {alias} is taken")
                aliases[alias] = rule.id
            for control in rule.controls:
                if control not in self.controls:
                    hint = suggestion(control, self.controls)
                    self._fail(rule.location, f"no control {control!r}", hint)
        for profile in self.profiles.values():
            for parent in profile.extends:
                if parent not in self.profiles:
                    hint = suggestion(parent, self.profiles)
                    self._fail(profile.location, f"no profile {parent!r} to extend", hint)

    def _fail(self, location: Location, message: str, hint: str = "") -> None:
        self.errors.append(PolicyError(message, location=location, hint=hint))

    def mapped_controls(self) -> dict[str, Control]:
        """Controls with the rules that map to them."""
        mapped: dict[str, list[str]] = {key: [] for key in self.controls}
        for rule in self.rules.values():
            for key in rule.controls:
                mapped[key].append(rule.id)
        return {
            key: Control(control.framework, control.id, control.title, tuple(sorted(mapped[key])))
            for key, control in sorted(self.controls.items())
        }


def _expression(reader: Reader, node: yaml.Node | None) -> Expression:
    segments = segments_of(reader.text, node) if isinstance(node, yaml.ScalarNode) else ()
    return Expression(reader.string(node), reader.location(node), segments)


def _equivalent(reader: Reader, node: yaml.Node | None) -> tuple[Equivalent, ...]:
    made = []
    for item in reader.items(node):
        found = reader.mapping(item, ("change", "reason"), ("change", "reason"))
        made.append(
            Equivalent(reader.string(found.get("change")), reader.string(found.get("reason")))
        )
    return tuple(made)


def _with_default(parameter: Parameter, default: object) -> Parameter:
    return Parameter(
        parameter.name,
        parameter.type,
        default,
        parameter.description,
        parameter.minimum,
        parameter.maximum,
        parameter.choices,
    )
