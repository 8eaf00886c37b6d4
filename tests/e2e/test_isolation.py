"""``auditor scan --profile isolation``: what is between tenants, on the screen and in results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ROOT, auditor
from tests.e2e.test_joined_gpus import cluster
from tests.unit.analysis.estate import layers
from tests.unit.analysis.test_isolation import PRIVILEGED, pod, runtime

EXAMPLE = ROOT / "examples/gpu-cluster"
ISOLATION = ("--profile", "isolation")


def test_the_example_on_the_screen() -> None:
    """The weakest first, each with its steps and who is beside it."""
    ran = auditor("scan", "examples/gpu-cluster", *ISOLATION)
    assert ran.code == 1, ran.err
    part = ran.out.split("\nIsolation\n")[1].split("\n\n")[0]
    summary, first, steps, *_ = part.splitlines()
    assert summary == "  5 tenants in 6 kinds of chains, 6 of them on kernels of others"
    beside = "beside training (namespace of examples/gpu-cluster)"
    who = "  team-llm of examples/gpu-cluster  none by its container, 1 workload"
    assert first == f"{who}, {beside}"
    chain = (
        "container privileged > users host > runtime node > kernel shared > machine plain > "
        "gpu plain"
    )
    assert steps == f"    team-llm/finetune-assistant-tq8vd: {chain}"


def test_other_profiles_have_no_chains() -> None:
    """A row for each kind of pod on each node is taken where somebody asked for it."""
    for profile in ("ai-platform", "gpu-tenancy"):
        results = auditor("scan", EXAMPLE, "--profile", profile, "--format", "json").results()
        assert "isolation/Chain" not in results["facts"], profile


@pytest.mark.parametrize(
    ("floor", "code"),
    [("own-kernel", 1), ("sandbox", 0), ("none", 0)],
)
def test_what_is_enough_a_person_says(tmp_path: Path, floor: str, code: int) -> None:
    found = cluster(
        tmp_path / "a.json",
        *(layers.namespace(name) for name in ("llm", "web")),
        pod("llm/a", runtimeClassName="gv"),
        pod("web/b", runtimeClassName="gv", container=PRIVILEGED),
    )
    classes = tmp_path / "gv.yaml"
    assert runtime("gv", "runsc").kind == "k8s/RuntimeClass"
    classes.write_text(
        "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: gv}\nhandler: runsc\n"
    )
    ran = auditor("scan", tmp_path, *ISOLATION, "--set", f"kernel_floor={floor}")
    assert ran.code == code, (found, ran.out)


def test_a_class_that_is_not_there_leaves_it_open(tmp_path: Path) -> None:
    cluster(
        tmp_path / "a.json",
        *(layers.namespace(name) for name in ("llm", "web")),
        *(pod(f"{name}/a", runtimeClassName="gv") for name in ("llm", "web")),
    )
    results = auditor("scan", tmp_path, *ISOLATION, "--format", "json").results()
    assert {each["verdict"] for each in results["findings"]} == {"unknown"}
    why = "not decided: what runs these workloads, or those beside them, is not known"
    assert all(each["message"].startswith(why) for each in results["findings"])


def test_a_tenant_of_which_all_has_to_be_confidential() -> None:
    wanted = "isolation-not-confidential.tenants=team-vision"
    results = auditor(
        *("scan", EXAMPLE, *ISOLATION, "--set", wanted, "--format", "json"),
    ).results()
    (found,) = [each for each in results["findings"] if each["rule"].endswith("confidential")]
    assert found["message"].startswith(
        "1 workload(s) of tenant team-vision are confidential by what is wanted of them, and not "
        "by machine and gpu"
    )
