"""Directions of network policies: which are in effect, and when their rules leave nothing out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.directions import closed, every_port, in_effect
from auditor.analysis.shapes import prepare
from auditor.platforms import PLATFORMS
from tests.policies.verdicts import verdict_of

EDGES = (1, 2, 3, 79, 80, 81, 65533, 65534, 65535)


@pytest.mark.parametrize(
    ("spec", "ingress", "egress"),
    [
        pytest.param({}, True, False, id="nothing said is ingress"),
        pytest.param({"policyTypes": []}, True, False, id="no types named"),
        pytest.param({"egress": [{}]}, True, True, id="egress rules bring their direction"),
        pytest.param({"egress": []}, True, False, id="an empty list brings nothing"),
        pytest.param({"policyTypes": ["Egress"], "ingress": [{}]}, False, True, id="egress alone"),
        pytest.param({"policyTypes": ["Ingress"], "egress": [{}]}, True, False, id="ingress alone"),
        pytest.param({"policyTypes": "Ingress"}, False, False, id="types of another kind"),
    ],
)
def test_in_effect(spec: dict[str, Any], ingress: object, egress: object) -> None:
    assert (in_effect(spec, "Ingress"), in_effect(spec, "Egress")) == (ingress, egress)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(None, True, id="no rules"),
        pytest.param([{"from": [{"podSelector": {}}]}], True, id="rules with peers"),
        pytest.param([{"ports": [{"port": 80}]}], True, id="rules with ports"),
        pytest.param([{}], False, id="an empty rule"),
        pytest.param([None], False, id="a rule that is null"),
        pytest.param([{"ports": [{}]}], False, id="an entry that names nothing"),
        pytest.param([{"ports": [{"protocol": "UDP"}]}], False, id="a protocol alone"),
        pytest.param([{"ports": [{"port": 1, "endPort": 65535}]}], False, id="the whole range"),
        pytest.param(
            [{"ports": [{"port": 1, "endPort": 9}]}, {"ports": [{"port": 10, "endPort": 65535}]}],
            False,
            id="the range in two rules",
        ),
        pytest.param(
            [{"ports": [{}], "from": [{"podSelector": {}}]}], True, id="all ports for some peers"
        ),
        pytest.param([{"ports": [{"port": "web"}]}], True, id="a port by its name"),
        pytest.param([{"ports": {"port": 80}}], False, id="ports that are not list"),
        pytest.param({"from": []}, False, id="rules that are not list"),
    ],
)
def test_closed(rules: object, expected: object) -> None:
    assert closed({"ingress": rules}, "Ingress") is expected


def test_another_direction_is_not_closed() -> None:
    assert not closed({"policyTypes": ["Egress"]}, "Ingress")
    assert not closed({"policyTypes": ["Ingress"]}, "Egress")


ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "protocol": st.sampled_from(["TCP", "UDP", "SCTP"]),
        "port": st.sampled_from([*EDGES, "web"]),
        "endPort": st.sampled_from(EDGES),
    },
).filter(lambda entry: not ("endPort" in entry and isinstance(entry.get("port", "web"), str)))


def taken_apart(entries: list[dict[str, Any]]) -> bool:
    """Every port by itself."""
    seen: set[tuple[str, int]] = set()
    for entry in entries:
        protocol, port = entry.get("protocol", "TCP"), entry.get("port")
        if port is None:
            return True
        if isinstance(port, int):
            seen |= {(protocol, each) for each in range(port, entry.get("endPort", port) + 1)}
    return any(
        {(each, port) for port in range(1, 65536)} <= seen for each in ("TCP", "UDP", "SCTP")
    )


@given(
    st.lists(st.lists(ENTRIES, min_size=1, max_size=4), max_size=3),
    st.sampled_from(["ingress", "egress"]),
)
def test_ports_that_are_all_ports(rules: list[list[dict[str, Any]]], field: str) -> None:
    """The analysis, the rule and a set of ports agree."""
    entries = [entry for rule in rules for entry in rule]
    expected = taken_apart(entries)
    assert every_port(entries) is expected
    spec = {"policyTypes": [field.title()], field: [{"ports": rule} for rule in rules]}
    body = {"metadata": {"name": "p"}, "spec": spec}
    verdict = verdict_of("k8s-network-policy-allows-all", "k8s/NetworkPolicy", body)
    assert verdict == ("fail" if expected else "pass")


def test_rules_see_the_rules_of_directions_in_effect() -> None:
    spec = {"policyTypes": ["Egress"], "ingress": [{"a": 1}], "egress": [{"b": 2}]}
    prepared = prepare(PLATFORMS.shape_of("k8s/NetworkPolicy"), {"spec": spec})
    assert (prepared["ingressInEffect"], prepared["egressInEffect"]) == ([], [{"b": 2}])


def test_what_is_no_list_leaves_rules_without_a_verdict() -> None:
    body = {"metadata": {"name": "p"}, "spec": {"policyTypes": "Ingress", "ingress": [{}]}}
    prepared = prepare(PLATFORMS.shape_of("k8s/NetworkPolicy"), body)
    assert "ingressInEffect" not in prepared
    found = verdict_of(
        "k8s-network-policy-allows-all", "k8s/NetworkPolicy", msgspec.to_builtins(body)
    )
    assert found == "unknown"
