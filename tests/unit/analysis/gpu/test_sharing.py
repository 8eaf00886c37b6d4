"""How the device plugin is configured: from ConfigMaps, what names them and what selects them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.sharing import Sharings
from auditor.analysis.gpu.sharing_rows import LABEL
from auditor.analysis.table import analyses
from auditor.analysis.texts import ReadFailure, read_json
from auditor.cli.wiring import SHIPPED
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from collectors.documents.guards import Unreadable
from collectors.documents.values import value_of
from tests.unit.analysis.joining import derived

SHARE = """\
version: v1
sharing:
  timeSlicing:
    renameByDefault: true
    failRequestsGreaterThanOne: true
    resources:
    - {name: nvidia.com/gpu, replicas: 4}
    - {name: nvidia.com/mig-1g.10gb, replicas: 2}
"""
MPS = "version: v1\nsharing: {mps: {resources: [{name: nvidia.com/gpu, replicas: 10}]}}\n"
PLAIN = "version: v1\nflags: {migStrategy: mixed}\n"


def read_yaml(text: str) -> object:
    try:
        return value_of(text)
    except Unreadable as error:
        return ReadFailure(error.detail)


def resource(kind: str, name: str, namespace: str = "", **body: object) -> Resource:
    return Resource(
        kind=f"k8s/{kind}",
        api_version="v1",
        name=name,
        namespace=namespace,
        uid=f"{kind}-{namespace}-{name}",
        source="a.yaml",
        document=0,
        line=1,
        body=msgspec.json.encode(body),
    )


def config_map(name: str = "plugin", namespace: str = "gpu-operator", **data: str) -> Resource:
    return resource("ConfigMap", name, namespace, data=data)


def policy(config: dict[str, str] | None, **plugin: object) -> Resource:
    spec = {"devicePlugin": {"config": config, **plugin}}
    return resource("ClusterPolicy.nvidia.com", "cluster-policy", spec=spec)


def node(name: str, selects: str = "", gpus: int = 8) -> Resource:
    labels = {LABEL: selects} if selects else {}
    capacity = {"nvidia.com/gpu": str(gpus)} if gpus else {"cpu": "8"}
    return resource("Node", name, metadata={"labels": labels}, status={"capacity": capacity})


def found(*resources: Resource) -> dict[str, dict[str, Any]]:
    """The bodies of the facts, by the key of the ConfigMap; "" for one that was not read."""
    facts = derived(Sharings(read_yaml), resources)
    bodies = [msgspec.json.decode(fact.body) for fact in facts]
    return {body.get("key", ""): body for body in bodies}


def test_a_configuration_says_what_is_shared_and_where() -> None:
    facts = found(
        policy({"name": "plugin", "default": "any"}),
        config_map(any=PLAIN, share=SHARE),
        *(node("a", "share"), node("b"), node("c", "share"), node("d", gpus=0)),
    )
    assert facts["share"] == {
        "configMap": "plugin",
        "namespace": "gpu-operator",
        "key": "share",
        "label": "nvidia.com/device-plugin.config=share",
        "default": False,
        "namedBy": ["ClusterPolicy cluster-policy"],
        "nodes": ["a", "c"],
        "nodeCount": 2,
        "refused": "",
        "strategy": "time-slicing",
        "resources": [
            {
                "name": "nvidia.com/gpu",
                "resource": "nvidia.com/gpu.shared",
                "replicas": 4,
                "profile": "",
            },
            {
                "name": "nvidia.com/mig-1g.10gb",
                "resource": "nvidia.com/mig-1g.10gb.shared",
                "replicas": 2,
                "profile": "mig-1g.10gb",
            },
        ],
        "renames": True,
        "failsAboveOne": True,
        "ignored": [],
        "listStrategies": ["envvar"],
        "migStrategy": "single",
    }
    assert (facts["any"]["strategy"], facts["any"]["nodes"]) == ("none", ["b"])
    assert facts["any"]["default"]


def test_a_configuration_is_known_by_its_content_alone() -> None:
    facts = found(config_map(a=MPS, b="version: v1\nmig-configs: {}\n", c="hello"))
    assert facts.keys() == {"a"}
    assert (facts["a"]["strategy"], facts["a"]["namedBy"]) == ("mps", [])


def test_a_text_without_a_version_counts_where_it_is_named() -> None:
    text = SHARE.removeprefix("version: v1\n")
    assert found(config_map(a=text)) == {}
    facts = found(policy({"name": "plugin"}), config_map(a=text))
    assert facts["a"]["strategy"] == "time-slicing"


def test_what_the_plugin_refuses_shares_nothing() -> None:
    text = SHARE.replace("replicas: 4", "replicas: 1")
    facts = found(policy({"name": "plugin"}), config_map(a=text, b="sharing:\n\tmps: {}\n"))
    assert (facts["a"]["strategy"], facts["a"]["refused"]) == ("none", "1 replicas")
    assert facts["b"]["refused"].startswith("not valid YAML: ")
    assert facts["b"]["resources"] == []


def test_settings_of_the_operator_count_more_than_the_file() -> None:
    env = [{"name": "MIG_STRATEGY", "value": "mixed"}]
    facts = found(policy({"name": "plugin"}, env=env), config_map(a=MPS))
    assert facts["a"]["refused"] == "MPS does not go with the MIG strategy mixed"


def test_a_configuration_that_is_named_and_was_not_read_is_not_known() -> None:
    (fact,) = derived(Sharings(read_yaml), [policy({"name": "elsewhere"})])
    assert (fact.subject.name, fact.part) == ("cluster-policy", "ConfigMap elsewhere")
    assert msgspec.json.decode(fact.body) == {
        "configMap": "elsewhere",
        "namespace": "",
        "default": False,
        "namedBy": ["ClusterPolicy cluster-policy"],
    }


def test_a_policy_that_names_none_says_nothing() -> None:
    assert found(policy(None)) == {}


def plugin(namespace: str, mounts: str, *containers: dict[str, object]) -> Resource:
    volumes = [{"name": "config", "configMap": {"name": mounts}}, {"name": "x", "hostPath": {}}]
    spec = {"containers": list(containers), "volumes": volumes}
    return resource("PodTemplate", "nvidia-device-plugin", namespace, spec=spec)


def test_a_plugin_of_its_own_names_its_file() -> None:
    container = {
        "name": "ctr",
        "args": ["--config-file", "/config/b", "--device-list-strategy=cdi-cri"],
        "volumeMounts": [{"name": "config", "mountPath": "/config/"}],
    }
    facts = found(
        plugin("gpu-operator", "plugin", container), config_map(a=SHARE, b=SHARE), node("n")
    )
    assert [facts[key]["default"] for key in "ab"] == [False, True]
    assert facts["b"]["listStrategies"] == ["cdi-cri"]
    assert (facts["b"]["nodes"], facts["a"]["nodes"]) == (["n"], [])
    assert facts["b"]["namedBy"] == ["PodTemplate nvidia-device-plugin"]


def test_a_plugin_of_the_chart_leaves_the_choice_to_the_label() -> None:
    """A side container copies the chosen file to where the plugin reads it."""
    main = {"env": [{"name": "CONFIG_FILE", "value": "/config/config.yaml"}]}
    side = {"env": [{"name": "DEFAULT_CONFIG", "value": "b"}]}
    text = SHARE.removeprefix("version: v1\n")
    facts = found(plugin("gpu-operator", "plugin", main, side), config_map(a=text, b=text))
    assert [facts[key]["default"] for key in "ab"] == [False, True]


def test_a_plugin_of_another_namespace_does_not_name_it() -> None:
    main = {"env": [{"name": "CONFIG_FILE", "value": "/config/config.yaml"}]}
    facts = found(plugin("other", "plugin", main), config_map(a=SHARE))
    assert facts["a"]["namedBy"] == []


@pytest.mark.parametrize(
    ("written", "escaped"),
    [(b"CONFIG_FILE", rb"\u0043ONFIG_FILE"), (b"/config/b", rb"\u002fconfig\/b")],
)
def test_a_plugin_is_found_whatever_its_letters_are_written_as(
    written: bytes, escaped: bytes
) -> None:
    container = {
        "image": "nvcr.io/nvidia/k8s-device-plugin:v1",
        "env": [{"name": "CONFIG_FILE", "value": "/config/b"}],
        "volumeMounts": [{"name": "config", "mountPath": "/config"}],
    }
    found_one = plugin("gpu-operator", "plugin", container)
    body = found_one.body.replace(written, escaped)
    assert body != found_one.body
    facts = found(
        msgspec.structs.replace(found_one, body=body), config_map(a=SHARE, b=SHARE), node("n")
    )
    assert [facts[key]["default"] for key in "ab"] == [False, True]


def test_a_container_without_a_configuration_file_names_nothing() -> None:
    assert found(plugin("gpu-operator", "plugin", {"name": "web", "args": ["--port=1"]})) == {}


def test_the_program_reads_yaml_and_workers_can_have_its_reader() -> None:
    (made,) = [each for each in SHIPPED.analyses.made({}).joining if each.id == "gpu-sharing"]
    assert [fact.key[-1] for fact in derived(made, [config_map(a=SHARE)])] == ["a"]
    (plain,) = [each for each in analyses(read_json).made({}).joining if each.id == "gpu-sharing"]
    assert derived(plain, [config_map(a=SHARE)]) == []


def test_a_text_that_is_too_long_is_not_read() -> None:
    facts = found(policy({"name": "plugin"}), config_map(a=SHARE + "#" * (1 << 18)))
    assert "too long" in facts["a"]["refused"]


@given(st.text() | st.sampled_from([SHARE, MPS]), st.text(), st.sampled_from(["named", "alone"]))
def test_any_text_is_a_configuration_or_not(text: str, more: str, how: str) -> None:
    naming = [policy({"name": "plugin"})] if how == "named" else []
    for fact in derived(Sharings(read_yaml), [*naming, config_map(a=f"sharing: {text}", b=more)]):
        assert isinstance(fact, Fact)


@pytest.mark.parametrize("kind", ["ConfigMap", "ClusterPolicy.nvidia.com", "PodTemplate", "Node"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": [], "spec": [], "metadata": 1},
        {"data": {"a": 1}, "spec": {"devicePlugin": 1, "containers": {}, "volumes": [1]}},
        {"spec": {"devicePlugin": {"config": {"name": 1}, "env": [{"name": 1, "value": 2}, 3]}}},
        {"spec": {"containers": [1, {"args": [1], "env": 1}]}, "metadata": {"labels": {LABEL: 1}}},
    ],
)
def test_odd_objects_configure_nothing(kind: str, body: dict[str, object]) -> None:
    assert derived(Sharings(read_yaml), [resource(kind, "x", "n", **body)]) == []
