"""The settings of a kubelet in effect: what is written, what is told, and what neither says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.nodes.drop_ins import merged
from auditor.analysis.nodes.kubelet import SettingsError, effective
from tests.sweeps import examples


def test_a_kubelet_with_a_file_is_careful_where_it_says_nothing() -> None:
    """pkg/kubelet/apis/config/v1beta1/defaults.go of 1.37.2."""
    assert effective({}, {}) == {
        "anonymous": False,
        "authorization": "Webhook",
        "clientAuthority": "",
        "readOnlyPort": 0,
        "idleSeconds": 14400.0,
        "utilityChains": True,
        "eventsPerSecond": 50,
        "certificate": "",
        "key": "",
        "bootstrapped": False,
        "rotated": False,
        "serverRotation": True,
        "ciphers": [],
        "leastVersion": "",
        "podProcesses": -1,
        "seccompDefault": False,
        "hostnameOverride": "",
    }


def test_one_without_takes_everybody() -> None:
    """applyLegacyDefaults of cmd/kubelet/app/options/options.go."""
    with_it, without = effective({}, {}), effective(None, {})
    assert {name: value for name, value in without.items() if value != with_it[name]} == {
        "anonymous": True,
        "authorization": "AlwaysAllow",
        "readOnlyPort": 10255,
    }


CASES: list[tuple[dict[str, Any], dict[str, list[str]], str, object]] = [
    ({"authentication": {"anonymous": {"enabled": True}}}, {}, "anonymous", True),
    ({"authentication": {"anonymous": {}}}, {}, "anonymous", False),
    ({"authentication": None}, {}, "anonymous", False),
    ({"authentication": {"anonymous": {"enabled": None}}}, {}, "anonymous", False),
    (
        {"authentication": {"anonymous": {"enabled": True}}},
        {"anonymous-auth": ["F"]},
        "anonymous",
        False,
    ),
    ({}, {"anonymous-auth": ["false", "true"]}, "anonymous", True),
    ({"authorization": {"mode": "AlwaysAllow"}}, {}, "authorization", "AlwaysAllow"),
    (
        {"authorization": {"mode": "AlwaysAllow"}},
        {"authorization-mode": ["Webhook"]},
        "authorization",
        "Webhook",
    ),
    ({"readOnlyPort": 10255}, {}, "readOnlyPort", 10255),
    ({"readOnlyPort": 10255}, {"read-only-port": ["0"]}, "readOnlyPort", 0),
    ({"streamingConnectionIdleTimeout": "0s"}, {}, "idleSeconds", 14400.0),
    ({"streamingConnectionIdleTimeout": "1h30m"}, {}, "idleSeconds", 5400.0),
    ({}, {"streaming-connection-idle-timeout": ["0"]}, "idleSeconds", 0.0),
    ({}, {"streaming-connection-idle-timeout": ["1.5s"]}, "idleSeconds", 1.5),
    ({"makeIPTablesUtilChains": False}, {}, "utilityChains", False),
    ({"eventRecordQPS": 0}, {}, "eventsPerSecond", 0),
    ({"rotateCertificates": True}, {}, "rotated", True),
    (
        {"serverTLSBootstrap": True},
        {"rotate-server-certificates": ["false"]},
        "bootstrapped",
        False,
    ),
    ({"featureGates": {"RotateKubeletServerCertificate": False}}, {}, "serverRotation", False),
    (
        {"featureGates": {"RotateKubeletServerCertificate": False}},
        {"feature-gates": ["A=false", "RotateKubeletServerCertificate=true"]},
        "serverRotation",
        True,
    ),
    ({"tlsCipherSuites": ["A"]}, {"tls-cipher-suites": ["B, C", "D"]}, "ciphers", ["B", "C", "D"]),
    ({"tlsCipherSuites": ["A"]}, {}, "ciphers", ["A"]),
    ({"podPidsLimit": 4096}, {}, "podProcesses", 4096),
    ({"seccompDefault": True}, {}, "seccompDefault", True),
    ({}, {"hostname-override": ["gpu-7"]}, "hostnameOverride", "gpu-7"),
]


@pytest.mark.parametrize(("written", "flags", "field", "value"), CASES)
def test_a_flag_counts_before_a_file(
    written: dict[str, Any], flags: dict[str, list[str]], field: str, value: object
) -> None:
    assert effective(written, flags)[field] == value


@pytest.mark.parametrize(
    ("written", "flags", "why"),
    [
        ({"authentication": {"anonymous": {"enabled": "false"}}}, {}, "Expected `bool"),
        ({"readOnlyPort": "0"}, {}, "Expected `int"),
        ({"authentication": []}, {}, "Expected `object"),
        ({"streamingConnectionIdleTimeout": "soon"}, {}, "'soon' is no duration"),
        ({"streamingConnectionIdleTimeout": "5"}, {}, "'5' is no duration"),
        ({}, {"anonymous-auth": ["yes"]}, "--anonymous-auth=yes is neither true nor false"),
        ({}, {"pod-max-pids": ["many"]}, "--pod-max-pids=many is no number"),
    ],
)
def test_what_a_kubelet_would_not_start_with(
    written: dict[str, Any], flags: dict[str, list[str]], why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        effective(written, flags)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["authentication", "authorization", "readOnlyPort", "featureGates", "tlsCipherSuites", "other"]
)


@examples(300)
@given(st.lists(st.dictionaries(_NAMES, _VALUES), max_size=3))
def test_any_configuration_has_settings_or_a_reason(files: list[dict[str, Any]]) -> None:
    try:
        found = effective(merged(files[0] if files else None, files[1:]), {})
    except SettingsError:
        return
    assert found.keys() == effective({}, {}).keys()
