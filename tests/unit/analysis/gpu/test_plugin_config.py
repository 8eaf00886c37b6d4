"""What the device plugin makes of its configuration, against what its own parser made of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.nodes import NodeRow, offers
from auditor.analysis.gpu.plugin_config import PluginConfig, plugin_config
from auditor.analysis.gpu.plugin_fields import Refusal
from auditor.analysis.gpu.plugin_flags import Start
from collectors.documents.guards import Unreadable
from collectors.documents.values import value_of
from tests.unit.analysis.gpu.vectors import rows, rows_of

TEXTS = (
    "deviceIDStrategy",
    "sharedDevicesAllocationPolicy",
    "mpsRoot",
    "containerDriverRoot",
    "nvidiaDriverRoot",
    "nvidiaDevRoot",
)
NODE = {"nvidia.com/gpu": 2, "nvidia.com/mig-1g.10gb": 2}
OTHERS = ("alloc-", "gfd-")
CONFIGS = [row for row in rows("device-plugin") if not row["id"].startswith(OTHERS)]
LABELS = rows_of("device-plugin", "gfd-")
CHOICES = rows_of("device-plugin", "alloc-")


def ids(row: dict[str, Any]) -> str:
    return str(row["id"])


def read(given_in: dict[str, Any]) -> PluginConfig:
    start = Start(tuple(given_in.get("args", ())), given_in.get("env", {}))
    try:
        document = value_of(given_in["config"])
    except Unreadable as error:
        return PluginConfig(refusal=Refusal("parse", error.detail))
    return plugin_config(document, start)


def test_every_row_is_tested() -> None:
    assert len(rows("device-plugin")) == len(CONFIGS) + len(LABELS) + len(CHOICES)
    assert (len(CONFIGS), len(LABELS), len(CHOICES)) == (143, 19, 11)


@pytest.mark.parametrize("row", CONFIGS, ids=ids)
def test_is_accepted_or_refused_as_the_plugin_does(row: dict[str, Any]) -> None:
    found, outcome = read(row["input"]), row["outcome"]
    stage = None if outcome["accepted"] else outcome["stage"]
    assert (found.refusal.stage if found.refusal else None) == stage


@pytest.mark.parametrize("row", [row for row in CONFIGS if "strategy" in row["outcome"]], ids=ids)
def test_values_are_those_of_the_plugin(row: dict[str, Any]) -> None:
    found, outcome = read(row["input"]), row["outcome"]
    assert found.flags is not None
    assert found.strategy == outcome["strategy"]
    assert [(each.name, each.resource, each.replicas) for each in found.entries] == [
        (each["name"], each["resourceName"], each["replicas"])
        for each in outcome.get("entriesAtStart", ())
    ]
    assert found.fails_above_one == outcome.get("failRequestsGreaterThanOne")
    assert list(found.flags.list_strategies) == outcome["deviceListStrategy"]
    assert found.flags.texts["migStrategy"] == outcome["migStrategy"]
    assert found.flags.pass_device_specs == outcome["passDeviceSpecs"]
    said = {name: found.flags.texts[name] for name in TEXTS if name in outcome}
    assert said == {name: outcome[name] for name in TEXTS if name in outcome}
    channels = outcome.get("imex", {}).get("channelIDs", [])
    assert list(found.flags.channels) == channels
    warned = {f"{name} ignored" for name in found.dropped}
    assert warned == set(outcome.get("warnings", ()))


@pytest.mark.parametrize(
    "row", [row for row in CONFIGS if "resourcesAtStart" in row["outcome"]], ids=ids
)
def test_advertises_what_the_plugin_does(row: dict[str, Any]) -> None:
    expected = {name: each["devices"] for name, each in row["outcome"]["resourcesAtStart"].items()}
    assert read(row["input"]).advertised(NODE) == expected


@pytest.mark.parametrize("row", [row for row in CONFIGS if "allocate" in row["outcome"]], ids=ids)
def test_requests_of_several_replicas_are_refused_as_configured(row: dict[str, Any]) -> None:
    fails = read(row["input"]).fails_above_one
    for asked, answer in zip(
        row["input"]["allocateRequests"], row["outcome"]["allocate"], strict=True
    ):
        if len(asked) > 1 and "no device" not in answer:
            assert answer.startswith("refused") == bool(fails)


@pytest.mark.parametrize("row", CHOICES, ids=ids)
def test_choosers_give_out_what_the_configuration_has(row: dict[str, Any]) -> None:
    """How replicas are chosen is not ours to say; that no GPU gives out more than it has, is."""
    most = read(row["input"]).replicas().get("nvidia.com/gpu", 1)
    for policy in ("distributed", "packed"):
        outcome = row["outcome"][policy]
        if "error" in outcome:
            assert row["input"]["preferred"]["size"] > 2 * most
        for counts in outcome.get("perDevice", ()):
            assert max(counts.values()) <= most


def devices_of(row: dict[str, Any]) -> dict[str, int]:
    """What the mock node has of each resource, by its MIG strategy."""
    strategy, found = row["input"]["migStrategy"], {"nvidia.com/gpu": 0}
    for device in row["input"]["devices"]:
        if "without instances" in device:
            found["nvidia.com/gpu"] += strategy == "none"
        elif "two instances" not in device or strategy == "none":
            found["nvidia.com/gpu"] += 1
        elif strategy == "single":
            found["nvidia.com/gpu"] += 2
        else:
            found["nvidia.com/mig-1g.300gb"] = found.get("nvidia.com/mig-1g.300gb", 0) + 2
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("row", LABELS, ids=ids)
def test_labels_of_feature_discovery_say_what_the_plugin_does(row: dict[str, Any]) -> None:
    """What a node offers is as configured, or it is in doubt; never something else."""
    config = read(row["input"])
    there = devices_of(row)
    node = NodeRow(config.advertised(there), row["outcome"]["labels"])
    names = {entry.name: entry.resource for entry in config.entries}
    expected = {
        names.get(name, name): (count, config.replicas().get(names.get(name, name), 1))
        for name, count in there.items()
    }
    found = {offer.resource: offer for offer in offers(node)}
    assert found.keys() == expected.keys()
    for resource, offer in found.items():
        if offer.trusted:
            assert (offer.devices, offer.per_device) == expected[resource]
            shared = offer.per_device > 1
            assert offer.sharing.value == (config.strategy if shared else "exclusive")
    doubted = {resource for resource, offer in found.items() if not offer.trusted}
    unlabelled = {"gfd-dup": {"nvidia.com/gpu"}, "gfd-mig-enabled-none": {"nvidia.com/gpu"}}
    assert doubted == unlabelled.get(row["id"], set())


def test_an_instance_of_the_strategy_single_is_known_by_the_product() -> None:
    (row,) = rows_of("device-plugin", "gfd-mig-single")[:1]
    (offer,) = offers(NodeRow({"nvidia.com/gpu": 8}, row["outcome"]["labels"]))
    assert offer.profile == "mig-1g.300gb"


FIELDS = (
    *("version", "sharing", "timeSlicing", "TIMESLICING", "mps", "resources", "name", "replicas"),
    *("devices", "rename", "flags", "plugin", "deviceListStrategy", "imex", "channelIDs", "gpus"),
    *("mig", "renameByDefault", "migStrategy"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.lists(st.text(max_size=20)), st.dictionaries(st.text(max_size=8), st.text()))
def test_any_document_is_accepted_or_refused(
    document: object, arguments: list[str], environment: dict[str, str]
) -> None:
    found = plugin_config(document, Start(tuple(arguments), environment))
    assert found.refusal is not None or found.flags is not None


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read({"config": text})
    assert found.refusal is not None or found.flags is not None


@given(JSON)
def test_a_document_of_json_is_a_document_of_yaml(document: object) -> None:
    try:
        text = msgspec.json.encode(document).decode()
        found = value_of(text)
    except Unreadable:
        return
    decoded = msgspec.json.decode(text)
    if _exact(decoded):
        assert found == decoded


def _exact(value: object) -> bool:
    """Whether all numbers are integers of 64 bits, which YAML and JSON read alike."""
    if isinstance(value, dict):
        return all(map(_exact, value.values()))
    if isinstance(value, list):
        return all(map(_exact, value))
    return not isinstance(value, int | float) or (
        isinstance(value, int) and -(2**63) <= value < 2**63
    )
