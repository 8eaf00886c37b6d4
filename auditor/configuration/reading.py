"""A configuration file, read with the line of everything that is wrong with it.

The form is that of ``policies/schema/configuration.v1.schema.json``, which editors go by; a test
holds the two equal. What names mean (profiles, parameters) is known when the policies are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

from auditor.configuration.entering import targets_of
from auditor.configuration.numbers import positive, seconds
from auditor.configuration.values import WHAT, Configuration, TargetValue, Value
from auditor.errors import PolicyError, PolicyErrors
from auditor.policy.read_profile import GATE
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader, kind_of

WHAT_TARGETS: Final = "the file of targets"
_SCALARS: Final = tuple(f"tag:yaml.org,2002:{name}" for name in ("str", "bool", "int", "float"))
_BOOL: Final = _SCALARS[1]


def read_configuration(
    data: bytes, name: str, folder: Path, formats: Collection[str]
) -> Configuration:
    """Read a configuration file, called ``name`` in errors; ``formats`` are those of reports.

    Raises:
        PolicyErrors: everything that is wrong with it, each with its line.
    """
    found, errors = parsed(data, name, folder, formats)
    if errors:
        raise PolicyErrors(tuple(errors), WHAT)
    return found


def parsed(
    data: bytes, name: str, folder: Path, formats: Collection[str]
) -> tuple[Configuration, list[PolicyError]]:
    """Read what can be read of a configuration file, and say what is wrong with the rest.

    A text that is none is "", a number that is none is None.
    """
    errors: list[PolicyError] = []
    reader = Reader(data, name, errors)
    settings: dict[str, tuple[Value, ...]] = {}
    if reader.root is not None:
        for key, node in reader.mapping(reader.root, KEYS).items():
            settings[key] = KEYS[key](reader, node)
            if key == "outputs":
                _formats(reader, node, formats)
    return Configuration(name, folder, hashlib.sha256(data).hexdigest(), settings), errors


def read_targets(data: bytes, name: str) -> tuple[TargetValue, ...]:
    """Read a file that has targets and nothing else, called ``name`` in errors.

    Raises:
        PolicyErrors: everything that is wrong with it, each with its line.
    """
    errors: list[PolicyError] = []
    reader = Reader(data, name, errors)
    found: tuple[TargetValue, ...] = ()
    if isinstance(reader.root, yaml.SequenceNode):
        reader.fail(reader.root, "must be a mapping, not a list", "put them below the key targets:")
    elif reader.root is not None:
        nodes = reader.mapping(reader.root, ("targets",), ("targets",))
        found = targets_of(reader, nodes["targets"]) if nodes else ()
    if errors:
        raise PolicyErrors(tuple(errors), WHAT_TARGETS)
    return found


def _text(reader: Reader, node: yaml.Node) -> tuple[Value, ...]:
    return (Value(reader.string(node), reader.location(node)),)


def _texts(reader: Reader, node: yaml.Node) -> tuple[Value, ...]:
    """Different texts, one at least."""
    _some(reader, node)
    return tuple(Value(text, reader.location(item)) for item, text in reader.texts(node))


def _some(reader: Reader, node: yaml.Node) -> None:
    if isinstance(node, yaml.CollectionNode) and not node.value:
        reader.fail(node, "must not be empty")


def _gate(reader: Reader, node: yaml.Node) -> tuple[Value, ...]:
    text = reader.string(node)
    if text and not GATE.fullmatch(text):
        hint = "a list such as high, medium>10, unknown, coverage<95, excluded; or never"
        reader.fail(node, f"{text!r} is not a gate", hint)
    return (Value(text, reader.location(node)),)


def _timeout(reader: Reader, node: yaml.Node) -> tuple[Value, ...]:
    return (Value(seconds(reader, node), reader.location(node)),)


def _parallel(reader: Reader, node: yaml.Node) -> tuple[Value, ...]:
    return (Value(positive(reader, node), reader.location(node)),)


def _outputs(reader: Reader, node: yaml.Node) -> tuple[Value, ...]:
    _some(reader, node)
    found = reader.mapping(node, ()).items()
    return tuple(
        Value(reader.string(each), reader.location(each), format_) for format_, each in found
    )


def _formats(reader: Reader, node: yaml.Node, known: Collection[str]) -> None:
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value not in known:
            reader.fail(key, f"no format is called {key.value!r}", suggestion(key.value, known))


def _parameters(reader: Reader, node: yaml.Node) -> tuple[Value, ...]:
    """Parameters as ``--set`` takes them; a number is what is written, so 1.30 keeps its zero."""
    found = reader.mapping(node, ()).items()
    return tuple(
        Value(_parameter(reader, each), reader.location(each), name) for name, each in found
    )


def _parameter(reader: Reader, node: yaml.Node) -> str:
    if not isinstance(node, yaml.SequenceNode):
        return _scalar(reader, node)
    items = [_scalar(reader, each) for each in node.value]
    for each, text in zip(node.value, items, strict=True):
        if "," in text:
            reader.fail(each, "a comma parts the items of a list, and can't be in one")
    return ",".join(items)


def _scalar(reader: Reader, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS:
        reader.fail(node, f"must be a text, a number or true or false, not {kind_of(node)}")
        return ""
    return str(reader.value(node)).lower() if node.tag == _BOOL else str(node.value)


KEYS: Final[Mapping[str, Callable[[Reader, yaml.Node], tuple[Value, ...]]]] = MappingProxyType(
    {
        "targets": targets_of,
        "exclude": _texts,
        "profile": _text,
        "parameters": _parameters,
        "policies": _texts,
        "fail-on": _gate,
        "waivers": _text,
        "answers": _text,
        "baseline": _text,
        "baseline-key": _text,
        "baseline-trust": _text,
        "outputs": _outputs,
        "kubeconfig": _text,
        "timeout": _timeout,
        "parallel": _parallel,
        "executor": _text,
    }
)
"""What may be said, and how it is read."""
