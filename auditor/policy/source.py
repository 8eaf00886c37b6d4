"""YAML of policy files with the place of everything, so that every error can name its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

import yaml

from auditor.errors import Location, PolicyError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Reader:
    """Reads one document; collects errors instead of stopping at the first."""

    def __init__(self, path: Path, name: str, errors: list[PolicyError]) -> None:
        self.name = name
        self.errors = errors
        self.text = ""
        self.root: yaml.Node | None = None
        try:
            self.text = path.read_text("utf-8")
            self.root = yaml.compose(self.text, Loader=_LOADER)
        except (OSError, UnicodeDecodeError) as error:
            self.fail(None, f"cannot be read: {error}")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
            errors.append(PolicyError(f"no YAML: {error.problem}", location=place))
        except yaml.YAMLError as error:
            self.fail(None, f"no YAML: {error}")

    def location(self, node: yaml.Node | None) -> Location:
        """The place of a node."""
        if node is None:
            return Location(self.name, 1, 1)
        return Location(self.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def fail(self, node: yaml.Node | None, message: str, hint: str = "") -> None:
        """Note an error at a node."""
        self.errors.append(PolicyError(message, location=self.location(node), hint=hint))

    def mapping(
        self, node: yaml.Node | None, allowed: Iterable[str], required: Iterable[str] = ()
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping with known keys; unknown and missing ones are errors."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, "must be a mapping")
            return {}
        known = list(allowed)
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if known and name not in known:
                self.fail(key, f"unknown key {name!r}", suggestion(name, known))
            elif name in found:
                self.fail(key, f"key {name!r} is there twice")
            found[name] = value
        for name in required:
            if name not in found:
                self.fail(node, f"missing key {name!r}")
        return found

    def items(self, node: yaml.Node | None) -> list[yaml.Node]:
        """The elements of a list; none when there is no node."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, "must be a list")
            return []
        return list(node.value)

    def string(self, node: yaml.Node | None, default: str = "") -> str:
        """A text; numbers and words such as ``yes`` count by how they are written."""
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, "must be text")
            return default
        return str(node.value)

    def strings(self, node: yaml.Node | None) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one."""
        if isinstance(node, yaml.ScalarNode):
            return (str(node.value),)
        return tuple(self.string(item) for item in self.items(node))

    def value(self, node: yaml.Node | None) -> object:
        """A node as plain values."""
        if node is None:
            return None
        loader = _LOADER("")
        try:
            return loader.construct_document(node)
        except yaml.YAMLError as error:
            self.fail(node, f"no value: {error}")
            return None
        finally:
            loader.dispose()


def suggestion(name: str, known: Iterable[str]) -> str:
    """``did you mean X?`` for the nearest known name, or all of them when few."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"one of: {', '.join(names)}" if len(names) <= 20 else ""
