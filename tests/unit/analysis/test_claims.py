"""What is behind a claim: which volume it is bound to, and how a pod looks with it."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.claims import Claim, Disk, Disks, claim_of, claimed, disk_of, mounted, unread
from auditor.model.fact import Spot

MODELS = Disk("disk", "hostPath", "/models")
KEPT = Disk("kept", "hostPath", "/kept", ("ml", "models"))


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        pytest.param({"volumeName": "disk"}, Claim("c", "disk"), id="a volume"),
        pytest.param({"volumeName": ""}, None, id="an empty name"),
        pytest.param({"volumeName": 3}, None, id="no name"),
        pytest.param({"storageClassName": ""}, None, id="any volume"),
        pytest.param([], None, id="no spec"),
    ],
)
def test_a_claim(spec: object, found: Claim | None) -> None:
    assert claim_of("c", {"spec": spec}) == found


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        pytest.param({"hostPath": {"path": "/models"}}, MODELS, id="a folder"),
        pytest.param(
            {"local": {"path": "/models"}}, Disk("disk", "local", "/models"), id="a local one"
        ),
        pytest.param(
            {"hostPath": {"path": "/m"}, "claimRef": {"namespace": "ml", "name": "c"}},
            Disk("disk", "hostPath", "/m", ("ml", "c")),
            id="for a claim",
        ),
        pytest.param({"csi": {"driver": "d"}}, None, id="something else"),
        pytest.param({"hostPath": {"path": ""}}, None, id="no path"),
        pytest.param({"hostPath": "/"}, None, id="no map"),
        pytest.param({"hostPath": {"path": "/models"}, "claimRef": 3}, MODELS, id="no reference"),
    ],
)
def test_a_volume(spec: object, found: Disk | None) -> None:
    assert disk_of("disk", {"spec": spec}) == found


@pytest.mark.parametrize(
    ("disk", "claims", "bound"),
    [
        pytest.param(MODELS, {"models": Claim("models", "disk")}, True, id="the claim names it"),
        pytest.param(KEPT, {}, True, id="it names the claim"),
        pytest.param(KEPT, {"models": Claim("models", "kept")}, True, id="both agree"),
        pytest.param(KEPT, {"models": Claim("models", "other")}, False, id="they do not agree"),
        pytest.param(MODELS, {}, False, id="nobody names anybody"),
        pytest.param(
            Disk("disk", "hostPath", "/m", ("web", "models")),
            {"models": Claim("models", "disk")},
            False,
            id="it is another namespace's",
        ),
        pytest.param(
            Disk("disk", "hostPath", "/m", ("", "models")), {}, False, id="no namespace is meant"
        ),
    ],
)
def test_what_is_bound(disk: Disk, claims: dict[str, Claim], *, bound: bool) -> None:
    assert Disks([disk]).behind("ml", "models", claims) == (0 if bound else None)


def pod(*mounts: Any, **claim: Any) -> dict[str, Any]:
    volumes = [{"name": "e"}, {"name": "m", "persistentVolumeClaim": {"claimName": "c", **claim}}]
    return {"volumes": volumes, "containers": [{"name": "a", "volumeMounts": list(mounts)}]}


def test_the_folder_is_put_beside_the_claim() -> None:
    spec, spots = mounted(pod(), {1: (MODELS, 2)})
    assert spec["volumes"] == [
        {"name": "e"},
        {
            "name": "m",
            "persistentVolumeClaim": {"claimName": "c"},
            "hostPath": {"path": "/models"},
        },
    ]
    assert spots == (("/spec/volumes/1/hostPath", Spot(2, "/spec/hostPath")),)
    spec, _ = mounted(pod(), {1: (Disk("d", "local", "/l"), 1)})
    assert spec["volumes"][1]["hostPath"] == {"path": "/l", "type": "local"}  # type: ignore[index]


def test_a_claim_that_is_read_only_is_mounted_so() -> None:
    mounts = ({"name": "m"}, {"name": "m", "readOnly": False}, {"name": "e"}, 3)
    spec, _ = mounted(pod(*mounts, readOnly=True), {1: (MODELS, 1)})
    assert spec["containers"] == [
        {
            "name": "a",
            "volumeMounts": [
                {"name": "m", "readOnly": True},
                {"name": "m", "readOnly": True},
                {"name": "e"},
                3,
            ],
        }
    ]
    spec, _ = mounted(pod(*mounts), {1: (MODELS, 1)})
    assert spec["containers"] == pod(*mounts)["containers"]


def test_which_claims_a_pod_mounts() -> None:
    assert claimed(pod()) == [(1, "c")]
    for volumes in (None, {}, [3], [{}], [{"persistentVolumeClaim": {"claimName": [1]}}]):
        assert claimed({"volumes": volumes}) == []


def test_what_nobody_read_may_be_all_of_a_node() -> None:
    spec = unread(pod(), [1], "/")
    assert spec["volumes"][1]["hostPath"] == {"path": "/"}  # type: ignore[index]
    assert "hostPath" not in spec["volumes"][0]  # type: ignore[index]
