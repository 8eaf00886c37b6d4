"""Whether processes may gain rights where only the engine decided, against what the kernel shows.

An engine that is told so gives it to the containers that it makes, and those keep it whatever it is
told later. Inspecting a container never shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.cache import EngineUnavailableError
from tests.engines.dockerd import (
    IMAGE,
    Binaries,
    Docker,
    find_docker,
    find_new_docker,
    restarted,
    running,
)
from tests.live.kernel import Process

pytestmark = pytest.mark.engine
RULE, OF_ENGINE = "docker-container-privilege-escalation", "docker-host-privilege-escalation"
FOREVER = ("--network=none", IMAGE, "sleep", "100000")
TOLD, OFF = "--no-new-privileges", "no-new-privileges=false"


def verdicts(docker: Docker, *options: str | Path) -> dict[str, str]:
    """What is said of each container, and of the engine."""
    done = auditor(
        *("scan", docker.target, "--profile", "cis-docker", "--all", "--format", "json", *options)
    )
    found = [each for each in done.results()["findings"] if each["rule"] in {RULE, OF_ENGINE}]
    return {_subject(each): each["verdict"] for each in found}


def _subject(finding: dict[str, Any]) -> str:
    return "engine" if finding["rule"] == OF_ENGINE else str(finding["resource"]["name"])


def kernel(docker: Docker) -> dict[str, str]:
    """What the kernel shows of each container that runs."""
    names = docker.run("ps", "--format", "{{.Names}}").split()
    pids = docker.run("inspect", "--format", "{{.State.Pid}}", *names).split()
    shown = {"1": "pass", "0": "fail"}
    return {
        name: shown[Process(int(pid)).status["NoNewPrivs"]]
        for name, pid in zip(names, pids, strict=True)
    }


@pytest.mark.parametrize("find", [find_docker, find_new_docker], ids=["API 1.41", "API 1.56"])
def test_each_keeps_what_its_engine_was_told_when_it_was_made(
    find: Callable[[], Binaries],
) -> None:
    try:
        binaries = find()
    except EngineUnavailableError as error:
        pytest.skip(f"engine unavailable: {error}")
    with running(binaries) as before:
        before.run("create", "--name", "older", *FOREVER)
        with restarted(before, TOLD) as docker:
            docker.run("start", "older")
            docker.run("run", "--detach", "--name", "made", *FOREVER)
            docker.run("run", "--detach", "--name", "off", f"--security-opt={OFF}", *FOREVER)
            docker.run("create", "--name", "latent", *FOREVER)
            shown = kernel(docker)
            assert shown == {"made": "pass", "older": "fail", "off": "fail"}
            assert verdicts(docker) == {**shown, "latent": "unknown", "engine": "pass"}
            alone = verdicts(docker, "--no-host")
    says = docker.binaries.options != ()
    assert alone == {
        **dict.fromkeys(("made", "older", "latent"), "unknown"),
        "off": "fail",
        "engine": "pass" if says else "unknown",
    }
