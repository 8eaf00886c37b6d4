"""YAML of policy files with the place of everything, so that every error can name its line.

Policy files may come from anyone's folder: a file is bounded in nesting and in what its aliases
expand to before anything is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

from auditor.errors import Location, PolicyError
from auditor.late import late
from auditor.policy.scalar_positions import segments_of
from auditor.policy.suggest import suggestion

MOST_NODES = 50_000
DEEPEST = 64

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = late("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
_BOOL = "tag:yaml.org,2002:bool"
_BOOLEANS = {"true": True, "false": False}
_INT = "tag:yaml.org,2002:int"
_DECIMAL = late(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_KINDS = {
    _BOOL: "true or false",
    _INT: "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:timestamp": "a date",
}


class Reader:
    """Reads one document; collects errors instead of stopping at the first.

    ``root`` is None when there is nothing to go on with; then an error has been noted.
    """

    def __init__(self, data: bytes, name: str, errors: list[PolicyError]) -> None:
        self.name = name
        self.errors = errors
        self.text = ""
        self.root: yaml.Node | None = None
        text = self._decoded(data)
        if text is None:
            return
        self.text = text
        try:
            self.root = self._composed(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
            errors.append(PolicyError(f"not valid YAML: {error.problem}", location=place))
        except yaml.YAMLError as error:
            self.fail(None, f"not valid YAML: {error}")

    def _decoded(self, data: bytes) -> str | None:
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            place = Location(self.name, line)
            self.errors.append(PolicyError(f"not UTF-8: {error.reason}", location=place))
            return None
        odd = _UNPRINTABLE.search(text)
        if odd is not None:
            line = text.count("\n", 0, odd.start()) + 1
            column = odd.start() - (text.rfind("\n", 0, odd.start()) + 1) + 1
            message = f"the character U+{ord(odd[0]):04X} is not allowed in YAML"
            self.errors.append(PolicyError(message, location=Location(self.name, line, column)))
            return None
        return text

    def _composed(self, text: str) -> yaml.Node | None:
        depth = aliases = 0
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST:
                    mark = event.start_mark
                    place = Location(self.name, mark.line + 1, mark.column + 1) if mark else None
                    message = f"nested deeper than {DEEPEST}"
                    self.errors.append(PolicyError(message, location=place or Location(self.name)))
                    return None
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.AliasEvent):
                aliases += 1
        root = yaml.compose(text, Loader=_LOADER)
        if root is None:
            self.fail(None, "the file is empty")
        elif aliases and _size(root, {}) > MOST_NODES:
            self.fail(None, f"its aliases make it larger than {MOST_NODES} values")
            return None
        return root

    def location(self, node: yaml.Node | None) -> Location:
        """The place of a node."""
        if node is None:
            return Location(self.name, 1, 1)
        return Location(self.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def segments(self, node: yaml.Node | None) -> tuple[tuple[int, int, int], ...]:
        """Where the characters of a text stand; see :class:`auditor.model.policy.Expression`."""
        return segments_of(self.text, node) if isinstance(node, yaml.ScalarNode) else ()

    def fail(self, node: yaml.Node | None, message: str, hint: str = "") -> None:
        """Note an error at a node."""
        self.errors.append(PolicyError(message, location=self.location(node), hint=hint))

    def mapping(
        self, node: yaml.Node | None, allowed: Iterable[str], required: Iterable[str] = ()
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping with known keys; unknown and missing ones are errors.

        With nothing ``allowed`` any key is.
        """
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"must be a mapping, not {kind_of(node)}")
            return {}
        known = list(allowed)
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if key.tag != _TEXT:
                self.fail(key, f"a key must be text, not {kind_of(key)}", _quotes(key))
            elif known and name not in known:
                self.fail(key, f"unknown key {name!r}", suggestion(name, known))
            elif name in found:
                self.fail(key, f"key {name!r} is there twice")
            else:
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
            self.fail(node, f"must be a list, not {kind_of(node)}")
            return []
        return list(node.value)

    def string(self, node: yaml.Node | None) -> str:
        """A text that is not empty; "" after an error, and where there is no node."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or node.tag != _TEXT:
            self.fail(node, f"must be text, not {kind_of(node)}", _quotes(node))
            return ""
        text = str(node.value)
        if not text.strip():
            self.fail(node, "must not be empty")
        return text

    def strings(self, node: yaml.Node | None) -> tuple[str, ...]:
        """A list of different texts."""
        return tuple(text for _, text in self.texts(node))

    def texts(self, node: yaml.Node | None) -> list[tuple[yaml.Node, str]]:
        """A list of different texts, each with its node."""
        found: list[tuple[yaml.Node, str]] = []
        for item in self.items(node):
            text = self.string(item)
            if text and any(text == other for _, other in found):
                self.fail(item, f"{text!r} is there twice")
            elif text:
                found.append((item, text))
        return found

    def value(self, node: yaml.Node | None) -> object:
        """A node as plain values."""
        if node is None:
            return None
        if _is_plain(node):
            return _plain(node)
        loader = _LOADER("")
        try:
            return loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = Location(self.name, mark.line + 1, mark.column + 1) if mark else None
            message = f"no value: {error.problem}"
            self.errors.append(PolicyError(message, location=place or self.location(node)))
            return None
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.fail(node, f"no value: {error}")
            return None
        finally:
            loader.dispose()


def _is_plain(node: yaml.Node) -> bool:
    """Whether a node holds texts, truth values, decimals and what is made of them; no other key."""
    if isinstance(node, yaml.MappingNode):
        return node.tag == _MAPPING and all(
            key.tag == _TEXT and isinstance(key, yaml.ScalarNode) and _is_plain(value)
            for key, value in node.value
        )
    if isinstance(node, yaml.SequenceNode):
        return node.tag == _SEQUENCE and all(map(_is_plain, node.value))
    if node.tag == _INT:
        return _DECIMAL.fullmatch(node.value) is not None
    return node.tag == _TEXT or (node.tag == _BOOL and node.value in _BOOLEANS)


def _plain(node: yaml.Node) -> object:
    """The value of a plain node, as the loader would make it, in a tenth of its time."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if node.tag == _INT:
        return int(node.value)
    return node.value if node.tag == _TEXT else _BOOLEANS[node.value]


def kind_of(node: yaml.Node | None) -> str:
    """What a node is, in words."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if node is None:
        return "nothing"
    return "text" if node.tag == _TEXT else _KINDS.get(node.tag, f"a value tagged {node.tag}")


def _quotes(node: yaml.Node) -> str:
    plain = isinstance(node, yaml.ScalarNode) and node.tag in _KINDS and node.value
    return f'put it in quotes: "{node.value}"' if plain else ""


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node expands to; an alias to itself counts as too many."""
    size = known.get(id(node))
    if size is not None:
        return size
    known[id(node)] = MOST_NODES + 1
    size = 1
    if isinstance(node, yaml.MappingNode):
        size += sum(_size(key, known) + _size(value, known) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_size(item, known) for item in node.value)
    known[id(node)] = size
    return size
