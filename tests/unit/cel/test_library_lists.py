"""Lists and sets: the values are those of Kubernetes 1.35 for the same calls."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import DYN, CelCheckError, CelEvalError, CelLimitError, Environment
from auditor.cel.library.identity import identity
from auditor.cel.ops import equal
from auditor.cel.values import NONE, Duration, OptionalValue, Timestamp, UInt

ENVIRONMENT = Environment({"x": DYN})
UNCHECKED = Environment({"x": DYN}, checked=False)

VALUES: dict[str, tuple[str, object]] = {
    "sorted": ("[1, 2, 2].isSorted()", True),
    "not sorted": ("['b', 'a'].isSorted()", False),
    "empty and sorted": ("[].isSorted()", True),
    "NaN is in order": ("[2.0, 0.0 / 0.0, 1.0].isSorted()", True),
    "types without an order between them": ("dyn([2, 'a', 1]).isSorted()", True),
    "not sorted before what has no order": ("dyn([2, 1, []]).isSorted()", False),
    "sum": ("[1, 2, 3].sum()", 6),
    "sum of uints": ("dyn([1u, 2u]).sum()", UInt(3)),
    "sum of doubles": ("[1.5, 2.5].sum()", 4.0),
    "sum of durations": ("[duration('1s'), duration('2s')].sum()", Duration(3 * 10**9)),
    "sum of nothing": ("[].sum()", 0),
    "min": ("[2, 1, 3].min()", 1),
    "max of texts": ("['a', 'b'].max()", "b"),
    "max of bools": ("[true, false].max()", True),
    "max across numbers": ("dyn([1, 2.5, 3u]).max()", UInt(3)),
    "the first of the largest": ("dyn([2.0, 2]).max()", 2.0),
    "max where some have no order": ("dyn([1, 'a']).max()", 1),
    "max of times": (
        "[timestamp('2021-01-01T00:00:00Z'), timestamp('2020-01-01T00:00:00Z')].max()",
        Timestamp(1_609_459_200 * 10**9),
    ),
    "index": ("[1, 2, 1].indexOf(1)", 0),
    "last index": ("[1, 2, 1].lastIndexOf(1)", 2),
    "index of another type": ("dyn([1, 2]).indexOf(2.0)", 1),
    "index of a list": ("[[1], [2]].indexOf([2])", 1),
    "no index": ("[1].indexOf(3)", -1),
    "no last index": ("[].lastIndexOf(3)", -1),
    "index in a text": ("'abc'.indexOf('c')", 2),
    "slice": ("[1, 2, 3].slice(1, 2)", [2]),
    "slice of all": ("[1, 2].slice(0, 2)", [1, 2]),
    "slice of nothing": ("[1].slice(1, 1)", []),
    "flatten": ("[[1], [2, 3], []].flatten()", [1, 2, 3]),
    "flatten once": ("dyn([1, [2, [3]]]).flatten()", [1, 2, [3]]),
    "flatten twice": ("dyn([1, [2, [3]]]).flatten(2)", [1, 2, 3]),
    "flatten not at all": ("[[1]].flatten(0)", [[1]]),
    "distinct": ("[1, 1, 2].distinct()", [1, 2]),
    "distinct across numbers": ("dyn([1, 1.0, 1u, 'a', true]).distinct()", [1, "a", True]),
    "distinct lists and maps": (
        "dyn([[1], {'a': 1}, [1.0], {'a': 1u}]).distinct()",
        [[1], {"a": 1}],
    ),
    "reverse": ("[1, 2].reverse()", [2, 1]),
    "sort": ("[3, 1, 2].sort()", [1, 2, 3]),
    "sort nothing": ("[].sort()", []),
    "sort bytes": ("[b'b', b'a'].sort()", [b"a", b"b"]),
    "range": ("lists.range(3)", [0, 1, 2]),
    "range of nothing": ("lists.range(-1)", []),
    "set contains": ("sets.contains([1, 2], [2, 2])", True),
    "set does not contain": ("sets.contains([1], [2])", False),
    "every set contains nothing": ("sets.contains([], [])", True),
    "set contains across numbers": ("sets.contains(dyn([1]), dyn([1.0]))", True),
    "set of lists": ("sets.contains([[1, 2]], [[1, 2]])", True),
    "sets are equivalent": ("sets.equivalent([1, 1, 2], [2, 1])", True),
    "sets are not equivalent": ("sets.equivalent([1, 2], [1])", False),
    "sets intersect": ("sets.intersects([1, 2], [2, 3])", True),
    "nothing does not intersect": ("sets.intersects([], [])", False),
    "NaN is in no set": ("sets.contains([0.0 / 0.0], [0.0 / 0.0])", False),
}


@pytest.mark.parametrize(("source", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values(source: str, expected: object) -> None:
    environment = UNCHECKED if "dyn(" in source else ENVIRONMENT
    found = environment.compile(source).run(None)
    assert found == expected
    assert found.__class__ is expected.__class__


FAULTS = {
    "unordered": ("dyn([{}]).isSorted()", "no such overload: isSorted(list)"),
    "null has no order": ("dyn([1, null]).max()", "no such overload: max(list)"),
    "sum of texts": ("dyn(['a']).sum()", "no such overload: sum(list)"),
    "sum of two types": ("dyn([1, 1.5]).sum()", "no such overload: _+_(int, double)"),
    "sum too large": ("[9223372036854775807, 1].sum()", "int overflow"),
    "least of nothing": ("[].min()", "min: the list is empty"),
    "slice beyond the end": ("[1].slice(0, 2)", "slice: no positions 0 to 2 in 1 elements"),
    "slice backwards": ("[1, 2].slice(2, 1)", "slice: no positions 2 to 1 in 2 elements"),
    "slice before the start": ("[1].slice(-1, 1)", "slice: no positions -1 to 1 in 1 elements"),
    "negative depth": ("[[1]].flatten(-1)", "flatten: the depth is negative"),
    "sort two types": ("dyn([1, 2.0]).sort()", "sort: the elements are of different types"),
    "sort lists": ("dyn([[1]]).sort()", "sort: the elements have no order"),
    "sort NaN": ("[1.0, 0.0 / 0.0].sort()", "sort: NaN has no order"),
    "a map is not a list": ("dyn({'a': 1}).sum()", "no such overload: sum(map)"),
    "a map is not a set": (
        "sets.contains(dyn({}), [])",
        "no such overload: sets.contains(map, list)",
    ),
}


@pytest.mark.parametrize(("source", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_faults(source: str, message: str) -> None:
    with pytest.raises(CelEvalError) as caught:
        UNCHECKED.compile(source).run(None)
    assert str(caught.value) == message


@pytest.mark.parametrize("source", ["[{}].sum()", "[1].slice(1)", "lists.range('a')", "1.sum()"])
def test_refused_when_loaded(source: str) -> None:
    with pytest.raises(CelCheckError):
        ENVIRONMENT.compile(source)


@pytest.mark.parametrize("source", ["lists.range(9223372036854775807)", "x.flatten(99)"])
def test_too_many(source: str) -> None:
    inner: list[object] = [0] * 1000
    value: object = [[inner] * 1000] * 1000
    with pytest.raises(CelLimitError):
        UNCHECKED.compile(source).run(value)


def test_deep_lists_are_flattened_without_recursion() -> None:
    value: list[object] = [1]
    for _ in range(50_000):
        value = [value]
    assert UNCHECKED.compile("x.flatten(100000)").run(value) == [1]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.integers(0, 2).map(UInt),
    st.sampled_from((0.0, 1.0, -1.0, 1.5, math.nan)),
    st.sampled_from(("", "a", "1")),
    st.sampled_from((b"", b"a")),
    st.sampled_from((Duration(1), Timestamp(1), NONE, OptionalValue(1, present=True))),
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("a", "b")), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(ANY, ANY)
def test_identities_are_equal_when_the_values_are(a: object, b: object) -> None:
    assert (identity(a) == identity(b)) is equal(a, b)
    if equal(a, b):
        assert hash(identity(a)) == hash(identity(b))
