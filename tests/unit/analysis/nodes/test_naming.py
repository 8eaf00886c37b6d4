"""What names the ConfigMaps of kubeadm, and what only pretends to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.nodes.naming import REFERENCES
from auditor.platforms.kubernetes import KUBELET_CONFIGURATION, PROXY_CONFIGURATION
from auditor.ports import Reference, together
from collectors.kubernetes.live.named import Names

NAME = "kubeadm:kubelet-config"
KUBELET = Reference(
    "k8s/ConfigMap", "kube-system", "kubelet-config", f"Role {NAME}", KUBELET_CONFIGURATION
)
PROXY = Reference(
    "k8s/ConfigMap", "kube-system", "kube-proxy", "DaemonSet kube-proxy", PROXY_CONFIGURATION
)


def role(name: str = NAME, namespace: str = "kube-system", rules: object = None) -> dict[str, Any]:
    usual = [{"resourceNames": ["kubelet-config"]}]
    return {"metadata": {"name": name, "namespace": namespace}, "rules": rules or usual}


def proxy(volumes: object, name: str = "kube-proxy") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "kube-system"}
    return {"metadata": metadata, "spec": {"template": {"spec": {"volumes": volumes}}}}


MOUNTED = [{"configMap": {"name": "kube-proxy"}}]
CASES: list[tuple[str, dict[str, Any], list[Reference]]] = [
    ("k8s/Role", role(), [KUBELET]),
    ("k8s/Role", role(namespace="ml"), []),
    ("k8s/Role", role(name="kubeadm:kubelet-config-2"), []),
    ("k8s/Role", role(rules=[{"resourceNames": ["kubeadm:kubelet-config"]}]), []),
    ("k8s/Role", role(rules=[{"resourceNames": "kubelet-config"}, 1, {}]), []),
    ("k8s/Role", role(rules={"a": 1}), []),
    ("k8s/DaemonSet", proxy(MOUNTED), [PROXY]),
    ("k8s/DaemonSet", proxy(MOUNTED, "kube-proxy-2"), []),
    ("k8s/DaemonSet", proxy([{"secret": {"name": "kube-proxy"}}, 1]), []),
    ("k8s/DaemonSet", proxy(None), []),
]


@pytest.mark.parametrize(("kind", "body", "named"), CASES)
def test_what_names_them(kind: str, body: dict[str, Any], named: list[Reference]) -> None:
    assert list(REFERENCES[kind](msgspec.json.encode(body))) == named


@pytest.mark.parametrize("body", [b"", b"kube-proxy kubeadm:kubelet-config", b'"kube-proxy"', b"["])
def test_what_is_no_object_names_nothing(body: bytes) -> None:
    assert [list(each(body)) for each in REFERENCES.values()] == [[], []]


def test_it_is_asked_for_where_rules_rest_on_what_it_holds() -> None:
    items = [msgspec.Raw(msgspec.json.encode(role()))]
    for wanted, found in ((frozenset({KUBELET_CONFIGURATION}), [KUBELET]), (frozenset[str](), [])):
        names = Names(REFERENCES, wanted)
        names.learn("k8s/Role", items)
        assert list(names.of("k8s/ConfigMap")) == found


def test_references_of_several_are_put_together() -> None:
    other = Reference("k8s/ConfigMap", "a", "b", "c")
    both = together(REFERENCES, {"k8s/Role": lambda _: [other], "k8s/Pod": lambda _: [other]})
    assert list(both["k8s/Role"](msgspec.json.encode(role()))) == [KUBELET, other]
    assert list(both["k8s/Pod"](b"{}")) == [other]
