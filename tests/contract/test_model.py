"""Values can't be changed once they are made: frozen, slotted, closed, and of nothing mutable."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import io
import pkgutil
import tokenize
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec
import pytest

import auditor.model
from auditor.errors import Location
from auditor.model.enums import GapCause, Severity, Verdict
from auditor.model.finding import RuleCount
from auditor.model.policy import Control, Expression
from auditor.model.resource import Evidence, Gap, Owner, Resource, Target
from auditor.model.results_finding import Observed, ResourceRef
from auditor.ports import Plan, Shard
from tests.cases import every

MODULES = [
    importlib.import_module(f"auditor.model.{module.name}")
    for module in pkgutil.iter_modules(auditor.model.__path__)
]
CLASSES: dict[str, Any] = {
    f"{module.__name__.removeprefix('auditor.')}.{name}": found
    for module in MODULES
    for name, found in sorted(vars(module).items())
    if inspect.isclass(found) and found.__module__ == module.__name__
}
MUTABLE = {"list", "dict", "set", "bytearray", "List", "Dict", "Set", "MutableMapping"}


def test_frozen() -> None:
    every(CLASSES, is_frozen)


def is_frozen(made: Any) -> None:
    if issubclass(made, Enum) or getattr(made, "_is_protocol", False):
        return
    if issubclass(made, msgspec.Struct):
        assert made.__struct_config__.frozen
        assert not made.__struct_config__.dict
        return
    assert dataclasses.is_dataclass(made), "a value is a dataclass, a struct or an enum"
    assert made.__dataclass_params__.frozen
    assert "__slots__" in vars(made)


def test_of_nothing_mutable() -> None:
    every(CLASSES, is_of_nothing_mutable)


def is_of_nothing_mutable(made: Any) -> None:
    for name, annotation in inspect.get_annotations(made).items():
        text = annotation if isinstance(annotation, str) else str(annotation)
        assert not MUTABLE & set(words(text)), f"{name}: {text}"


def words(annotation: str) -> Iterator[str]:
    """The words of an annotation, but not those of descriptions, which are text."""
    for token in tokenize.generate_tokens(io.StringIO(annotation).readline):
        if token.type == tokenize.NAME:
            yield token.string


def test_words_of_an_annotation() -> None:
    assert "list" in words("Annotated[list[int], says('a set')]")
    assert "set" not in words("Annotated[list[int], says('a set')]")


VALUES: list[Any] = [
    Target("t", "files"),
    Owner("apps/v1", "Deployment", "ml", "web"),
    Resource("k8s/Pod", "v1", "a", "ml", "u", "a.yaml", 0, 1, b"{}", labels=(("a", "b"),)),
    Gap("t", "a.yaml", GapCause.MALFORMED, "odd"),
    Evidence("t", "a.yaml", "0" * 64, 3),
    ResourceRef("t", "k8s/Pod", "ml", "a", "u", "a.yaml", 3),
    Observed("/a", 1, 3),
    RuleCount("r", 1, 2, 3, 4, 5),
    Control("f", "1", "One", ("a",)),
    Expression("true", Location("a.yaml", 1, 1)),
    Location("a.yaml", 1, 1),
    Shard(0, ("a.yaml",), 9),
    Plan((), ()),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_hashable_equal_and_unchangeable(value: Any) -> None:
    fields = getattr(value, "__struct_fields__", None) or [
        field.name for field in dataclasses.fields(value)
    ]
    twin = type(value)(**{name: getattr(value, name) for name in fields})
    assert twin == value
    assert hash(twin) == hash(value)
    for name in fields:
        with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
            setattr(value, name, getattr(value, name))
    with pytest.raises((AttributeError, TypeError)):
        value.another = 1


def test_severities_are_ordered() -> None:
    ranks = [severity.rank for severity in Severity]
    assert ranks == sorted(ranks) == list(range(5))
    assert Severity.CRITICAL.rank > Severity.HIGH.rank


def test_the_closed_sets_are_those_of_the_schema() -> None:
    assert [verdict.value for verdict in Verdict] == [
        "pass",
        "fail",
        "unknown",
        "not-applicable",
        "manual",
    ]
    assert {cause.value for cause in GapCause} == {
        "denied",
        "unreachable",
        "timeout",
        "truncated",
        "unsupported",
        "malformed",
        "internal",
    }
