"""What HAMi's own parsers make of annotations, requests and variables, and what ours do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from auditor.analysis.gpu.hami import (
    containers_of,
    held,
    registered,
    registered_json,
    registered_text,
    template_slot,
)
from auditor.analysis.gpu.hami_limits import (
    admitted,
    disables,
    limits_of,
    memory_limit,
    requested,
)
from auditor.analysis.gpu.hami_marks import instances_of, may_use, may_use_model
from auditor.analysis.gpu.podspec import Spec, pod_in
from auditor.cel.library.amounts import parse
from tests.unit.analysis.gpu.vectors import Rows

ROWS = Rows("hami.json")
WHOLE = {"nvidia.com/gpu": "1"}


def outcome(read: Callable[[], object]) -> object:
    """What a reader makes of something, None where it refuses it."""
    try:
        return read()
    except ValueError:
        return None


def expected(row: dict[str, Any], name: str) -> object:
    return row["outcome"][name] if row["outcome"]["accepted"] else None


def slices(text: str) -> list[list[dict[str, object]]]:
    return [
        [
            {"uuid": each.uuid, "type": each.type, "memMiB": each.memory, "cores": each.cores}
            for each in container
        ]
        for container in containers_of(text)
    ]


@pytest.mark.parametrize("name", ROWS.take("alloc-"))
def test_annotation_of_a_pod(name: str) -> None:
    row = ROWS.rows[name]
    assert outcome(lambda: slices(row["input"]["text"])) == expected(row, "containers")


@pytest.mark.parametrize("name", ROWS.take("encode-"))
def test_what_hami_writes_is_read_back_with_one_container_more(name: str) -> None:
    row = ROWS.rows[name]
    written = [
        [{key: value for key, value in each.items() if key != "slots"} for each in container]
        for container in row["input"]["containers"]
    ]
    assert slices(row["outcome"]["text"]) == [*written, []]


@pytest.mark.parametrize("name", ROWS.take("usage-"))
def test_devices_that_a_pod_holds(name: str) -> None:
    row = ROWS.rows[name]
    found = held(containers_of(row["input"]["text"]), range(row["input"]["initContainers"]))
    during, after = row["outcome"]["whileInitMayRun"], row["outcome"]["afterInit"]
    assert sorted(found) == sorted(each["uuid"] for each in during)
    assert {uuid for uuid, stays in found.items() if stays} == {each["uuid"] for each in after}


READ = ("id", "index", "count", "devmem", "devcore", "type", "numa", "mode", "health")


def devices(rows: list[dict[str, Any]] | None) -> object:
    """Registered devices as far as we read them; zero values are left out."""
    if rows is None:
        return None
    return [{key: row[key] for key in READ if row.get(key)} for row in rows]


def as_rows(read: Callable[[], list[Any]]) -> object:
    found = outcome(read)
    if not isinstance(found, list):
        return None
    return devices([{key: getattr(each, key) for key in READ} for each in found])


@pytest.mark.parametrize("name", ROWS.take("node-encode"))
def test_register_that_hami_writes_is_read_back(name: str) -> None:
    row = ROWS.rows[name]
    assert as_rows(lambda: registered_json(row["outcome"]["json"])) == devices(
        row["input"]["devices"]
    )
    assert as_rows(lambda: registered_text(row["outcome"]["colonForm"])) == devices(
        row["input"]["devices"]
    )


@pytest.mark.parametrize("name", ROWS.take("node-", but="node-encode"))
def test_register_of_a_node(name: str) -> None:
    row = ROWS.rows[name]
    annotations = {
        "hami.io/node-nvidia-register": row["input"]["text"],
        **row["input"].get("annotations", {}),
    }
    wanted = devices(row["outcome"].get("devices"))
    assert as_rows(lambda: registered(annotations)) == wanted


@pytest.mark.parametrize("name", ROWS.take("nodecolon-"))
def test_register_without_json(name: str) -> None:
    row = ROWS.rows[name]
    wanted = devices(row["outcome"].get("devices"))
    assert as_rows(lambda: registered_text(row["input"]["text"])) == wanted


def test_register_of_volcano() -> None:
    text = "GPU-1,10,81559,NVIDIA-X,true,mig:GPU-2,4,1000,NVIDIA-Y,false:"
    assert as_rows(lambda: registered({"volcano.sh/node-vgpu-register": text})) == [
        {
            "id": "GPU-1",
            "count": 10,
            "devmem": 81559,
            "type": "NVIDIA-X",
            "mode": "mig",
            "health": True,
        },
        {"id": "GPU-2", "count": 4, "devmem": 1000, "type": "NVIDIA-Y", "mode": "hami-core"},
    ]
    text = '[{"id":"GPU-1","count":10,"mode":"hami-core"}]'
    assert as_rows(lambda: registered({"volcano.sh/node-vgpu-register": text})) == [
        {"id": "GPU-1", "count": 10, "mode": "hami-core"}
    ]


@pytest.mark.parametrize("name", ROWS.take("mig-"))
def test_mig_instances_of_a_pod(name: str) -> None:
    row = ROWS.rows[name]

    def read() -> list[dict[str, object]]:
        return [
            {
                key: value
                for key, value in {
                    "containerIndex": each.container,
                    "deviceIndex": each.device,
                    "gpuUUID": each.gpu,
                    "profile": each.profile,
                    "placement": {"start": each.placement.start, "size": each.placement.size},
                    "migUUID": each.uuid,
                    "gpuInstanceID": each.gpu_instance,
                    "computeInstanceID": each.compute_instance,
                }.items()
                if value is not None
            }
            for each in instances_of(row["input"]["text"])
        ]

    assert outcome(read) == expected(row, "entries")


@pytest.mark.parametrize("name", ROWS.take("miglegacy-"))
def test_older_name_of_a_mig_instance(name: str) -> None:
    row = ROWS.rows[name]
    wanted = row["outcome"]
    found = outcome(lambda: template_slot(row["input"]["deviceId"]))
    assert found == ((wanted["template"], wanted["slot"]) if wanted["accepted"] else None)


@pytest.mark.parametrize("name", ROWS.take("req-"))
def test_request_of_a_container(name: str) -> None:
    row = ROWS.rows[name]
    found = requested(row["input"]["limits"], row["input"]["requests"])
    assert {
        "count": found.count,
        "memMiB": found.memory,
        "memPercentage": found.percentage,
        "cores": found.cores,
    } == row["outcome"]


@pytest.mark.parametrize("name", ROWS.take("webhook-"))
def test_what_the_webhook_makes_of_a_container(name: str) -> None:
    # The variable that a priority becomes is not modelled: it orders work, and isolates nothing.
    row = ROWS.rows[name]
    limits, requests = row["input"]["limits"], row["input"]["requests"]
    if not row["outcome"]["accepted"]:
        with pytest.raises(ValueError, match="not within 0 to 100"):
            admitted(limits, requests)
        return
    found = admitted(limits, requests)
    assert (found is not None) is row["outcome"]["usesGPU"]
    amounts = {key: parse(str(value)) for key, value in (found or {}).items()}
    assert amounts == {key: parse(value) for key, value in row["outcome"]["limitsAfter"].items()}


@pytest.mark.parametrize("name", ROWS.take("uuid-"))
def test_devices_that_a_pod_wants(name: str) -> None:
    row = ROWS.rows[name]
    found = may_use(row["input"]["annotations"], row["input"]["deviceId"])
    assert found is row["outcome"]["allowed"]


@pytest.mark.parametrize("name", ROWS.take("type-"))
def test_models_that_a_pod_wants(name: str) -> None:
    row = ROWS.rows[name]
    found = may_use_model(row["input"]["annotations"], row["input"]["deviceModel"])
    assert found is row["outcome"]["allowed"]


def pod(env: list[dict[str, Any]], limits: dict[str, str] | None = None) -> Spec:
    container = {"name": "c", "env": env, "resources": {"limits": limits or WHOLE}}
    return spec_of({"containers": [container]})


def spec_of(spec: dict[str, Any]) -> Spec:
    found = pod_in(json.dumps({"spec": spec}).encode()).spec
    assert found is not None
    return found


@pytest.mark.parametrize("name", ROWS.take("env-disable-control-"))
def test_switch_that_leaves_the_library_out(name: str) -> None:
    row = ROWS.rows[name]
    text = row["input"]["env"]["CUDA_DISABLE_CONTROL"]
    assert disables(text) is not row["outcome"]["preloadMounted"]
    off = limits_of(pod([{"name": "CUDA_DISABLE_CONTROL", "value": text}])).off
    assert off == (
        [] if row["outcome"]["preloadMounted"] else ["container c sets CUDA_DISABLE_CONTROL"]
    )


@pytest.mark.parametrize("name", ROWS.take("env-memory-limit-"))
def test_limit_of_memory(name: str) -> None:
    row = ROWS.rows[name]
    text, wanted = row["input"]["env"]["CUDA_DEVICE_MEMORY_LIMIT"], row["outcome"]["bytes"]
    assert memory_limit(text) == wanted
    off = limits_of(pod([{"name": "CUDA_DEVICE_MEMORY_LIMIT_0", "value": text}])).off
    limited = 0 < wanted < 2**48
    assert off == ([] if limited else ["container c sets CUDA_DEVICE_MEMORY_LIMIT_0 to no limit"])


OTHER_LIMITS = ROWS.take("env-core-policy-", "env-oom-killer-", "env-sm-limit-")


def test_limits_of_the_library_that_change_no_level() -> None:
    """The limit of cores and the killer of processes are not modelled.

    A slice's part of the compute time is best effort with the limit and without
    (:data:`isolation.ISOLATION`), and the killer acts on the limit of memory, which is there
    without it: whatever these variables say, the level is the same.
    """
    assert len(OTHER_LIMITS) == 27
    for name in OTHER_LIMITS:
        env = [
            {"name": key, "value": value} for key, value in ROWS.rows[name]["input"]["env"].items()
        ]
        assert limits_of(pod(env)).off == []


def test_memory_limit_from_elsewhere_may_be_none() -> None:
    env = [{"name": "CUDA_DEVICE_MEMORY_LIMIT_0", "valueFrom": {"configMapKeyRef": {"name": "x"}}}]
    off = ["container c takes CUDA_DEVICE_MEMORY_LIMIT_0 from elsewhere"]
    assert limits_of(pod(env)).off == off
    env[0]["name"] = "CUDA_DISABLE_CONTROL"
    assert limits_of(pod(env)).off == []


@pytest.mark.parametrize("amount", ["3Gi", "500m"])
def test_request_that_vanishes_has_no_limit(amount: str) -> None:
    off = limits_of(pod([], {**WHOLE, "nvidia.com/gpumem": amount})).off
    assert off == [
        "container c asks for an amount beside nvidia.com/gpu that makes the request vanish"
    ]
    assert limits_of(pod([], {**WHOLE, "nvidia.com/gpumem": "3000"})).off == []


def test_containers_that_end_before_the_others() -> None:
    spec = {
        "initContainers": [{"name": "a"}, {"name": "b", "restartPolicy": "Always"}],
        "containers": [{"name": "c"}],
    }
    found = limits_of(spec_of(spec))
    assert (found.containers, found.starting) == (3, [0])


def test_every_row_is_held_to() -> None:
    assert len(ROWS.rows) == 193
    assert ROWS.left() == []
