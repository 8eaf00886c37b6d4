"""Drop-ins over a file or over none; what a kubelet makes of them is shown in ``findings/``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.nodes.drop_ins import merged, with_nulls
from auditor.analysis.nodes.kubelet import SettingsError
from tests.sweeps import examples


def test_files_are_put_together_field_by_field() -> None:
    first = {"authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": True}}}
    second = {"authentication": {"anonymous": {"enabled": False}}, "tlsCipherSuites": ["A"]}
    third = {"tlsCipherSuites": ["B"], "authentication": {"webhook": None}}
    assert merged(first, [second, third]) == {
        "authentication": {"anonymous": {"enabled": False}},
        "tlsCipherSuites": ["B"],
    }


def test_what_a_null_takes_away_is_as_if_nobody_had_said_it() -> None:
    file = {"podPidsLimit": 4096, "authentication": {"anonymous": {"enabled": True}}}
    assert merged(file, [{"podPidsLimit": None, "authentication": None}]) == {}
    assert merged({"podPidsLimit": None}) == {}


def test_drop_ins_alone_are_over_what_kubelets_did_without_files() -> None:
    assert merged(None) is None
    assert merged(None, [{"podPidsLimit": 7}]) == {
        "authentication": {"anonymous": {"enabled": True}},
        "authorization": {"mode": "AlwaysAllow"},
        "readOnlyPort": 10255,
        "podPidsLimit": 7,
    }
    assert merged({}, [{"podPidsLimit": 7}]) == {"podPidsLimit": 7}


@pytest.mark.parametrize(
    ("drop_in", "name"),
    [
        ({"ReadOnlyPort": 0}, "ReadOnlyPort"),
        ({"readonlyport": 0}, "readonlyport"),
        ({"Authentication": None}, "Authentication"),
        ({"authentication": {"x509": {"clientCaFile": "/ca"}}}, "clientCaFile"),
    ],
)
def test_a_name_in_another_case_is_refused_in_a_drop_in(drop_in: Any, name: str) -> None:
    with pytest.raises(SettingsError, match=f"a drop-in says {name}, and whether a kubelet takes"):
        merged({}, [drop_in])
    assert merged({"ReadOnlyPort": 0}) == {"ReadOnlyPort": 0}, "a file goes by the letter"
    assert merged({}, [{"featureGates": {"ReadOnlyPort": True}, "Other": 1}])


def test_nulls_that_a_body_does_not_keep_are_put_back() -> None:
    values = {"a": {"b": 1}, "c": 2}
    assert with_nulls(values, [["a", "x"], ["d"], ["e", "f"]]) == {
        "a": {"b": 1, "x": None},
        "c": 2,
        "d": None,
        "e": {"f": None},
    }
    assert with_nulls(values, [[], "text", None]) == values


_PLAIN = st.none() | st.integers() | st.lists(st.integers(), max_size=2)
_PATCHES = st.recursive(
    _PLAIN, lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=6
)
_FILES = st.dictionaries(st.sampled_from("abc"), _PATCHES, max_size=3)


def _patched(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as it stands there."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = _patched(target.get(name), value)
    return target


@examples(200)
@given(_FILES, st.lists(_FILES, max_size=3))
def test_they_are_merge_patches(file: dict[str, Any], drop_ins: list[dict[str, Any]]) -> None:
    wanted = _patched({}, file)
    for each in drop_ins:
        wanted = _patched(wanted, each)
    assert merged(file, drop_ins) == wanted
