"""Fixtures that start real engines, and what happens where one can't be had.

On a person's machine such a test is skipped and the run's last lines say so loudly; where
``CI=true`` it fails, so that a green run there has asked every engine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.engines import apiserver as apiservers
from tests.engines.aggregation import aggregating
from tests.engines.auditpolicies import AuditPolicies
from tests.engines.axe import find_axe
from tests.engines.build import engine
from tests.engines.buildkit import BuildKit
from tests.engines.busybox import programs
from tests.engines.cache import EngineUnavailableError
from tests.engines.chromium import Chromium
from tests.engines.chromium import running as chromium_running
from tests.engines.composego import ComposeGo
from tests.engines.crds import REPORTS, definitions
from tests.engines.dockerd import Binaries, Docker, find_docker, find_new_docker
from tests.engines.dockerd import running as docker_running
from tests.engines.gotars import GoTar
from tests.engines.judges import CYCLONEDX, OSCAL, Judge, find_judge
from tests.engines.kubectl import Kubectl, find_kubectl
from tests.engines.pythons import installed
from tests.engines.s3gateway import S3Gateway
from tests.engines.s3gateway import running as s3gateway_running
from tests.engines.sarif import Multitool, find_multitool
from tests.engines.sigstore_js import SigstoreJs, find_sigstore_js
from tests.engines.softhsm import SoftHsm, find_softhsm
from tests.engines.sshd import Sshd
from tests.engines.sshd import running as sshd_running
from tests.engines.trivy import Trivy, find_trivy
from tests.engines.vcsim import Vcsim, Vcsims
from tests.engines.vcsim import running as vcsim_running
from tests.engines.wheels import from_wheels

MARKER = "engine: asks an engine that is built from source"
UNAVAILABLE = "engine unavailable: "

DOCKERS = {"API 1.41": "old_docker", "API 1.56": "new_docker"}
"""The fixtures of Docker Engines, by what they speak."""
GPUS = {
    "cdiVersion": "0.6.0",
    "kind": "nvidia.com/gpu",
    "devices": [
        {
            "name": name,
            "containerEdits": {
                "deviceNodes": [
                    {"path": f"/dev/nvidia{index}", "hostPath": "/dev/null"} for index in indices
                ]
            },
        }
        for name, indices in {
            "0": (0,),
            "1": (1,),
            "GPU-5f2c9a10-7d3e-4b86-9a41-0c6e8f3d2b17": (0,),
            "GPU-c81e728d-9d4c-4f63-8f06-7f89cc14862c": (1,),
            "all": (0, 1),
        }.items()
    ],
}
"""What says to the new engine that this machine has two GPUs: their nodes do no harm."""

ENGINES = {
    *(
        "control_plane",
        "filled_apiserver",
        "kubelet_binary",
        "custom_kinds",
        "report_kinds",
        "cosign",
        "sigstore_js",
        "multitool",
        "oscal_judge",
        "cyclonedx_judge",
        "softhsm",
        "other_python",
    ),
    *("kustomize", "helm", "docker", "sshd", "vcsim", "vcsims", "govc", "busybox"),
    *("chromium", "axe", "trivy", "s3gateway"),
}
T = TypeVar("T")


@pytest.fixture(scope="session")
def control_plane() -> apiservers.Binaries:
    """The programs of a control plane, built where they are not yet."""
    return _or_give_up(lambda: apiservers.Binaries(engine("etcd"), engine("kube-apiserver")))


@pytest.fixture(scope="session")
def apiserver(
    control_plane: apiservers.Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[apiservers.ApiServer]:
    """A private kube-apiserver with its etcd; one for each worker process that asks for it."""
    with ExitStack() as stack:
        running = apiservers.running(control_plane, tmp_path_factory.mktemp("apiserver"))
        yield _or_give_up(lambda: stack.enter_context(running))


@pytest.fixture(scope="module")
def filled_apiserver(
    control_plane: apiservers.Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[apiservers.ApiServer]:
    """An API server of its own whose aggregated roles Kubernetes' controller fills in."""
    with ExitStack() as stack:
        running = apiservers.running(control_plane, tmp_path_factory.mktemp("filled"))
        server = _or_give_up(lambda: stack.enter_context(running))
        binary = _or_give_up(lambda: engine("aggregation"))
        stack.enter_context(aggregating(binary, server))
        yield server


@pytest.fixture(scope="session")
def kubelet_binary() -> Path:
    """What a kubelet serves on its port, without a kubelet."""
    return _or_give_up(lambda: engine("kubelet"))


@pytest.fixture(scope="session")
def custom_kinds() -> dict[str, Any]:
    """CRDs of AI platforms, as their projects publish them, by kind."""
    return _or_give_up(definitions)


@pytest.fixture(scope="session")
def report_kinds() -> dict[str, Any]:
    """CRDs of the reports that a cluster holds, by kind."""
    return _or_give_up(lambda: definitions(REPORTS))


@pytest.fixture(scope="session")
def cosign() -> Path:
    """Cosign, which verifies what we sign."""
    return _or_give_up(lambda: engine("cosign"))


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """The program that builds kustomizations."""
    return _or_give_up(lambda: engine("kustomize"))


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program that renders charts."""
    return _or_give_up(lambda: engine("helm"))


@pytest.fixture(scope="session")
def sigstore_js() -> SigstoreJs:
    """The verifier of npm's own packages."""
    return _or_give_up(find_sigstore_js)


@pytest.fixture(scope="session")
def multitool() -> Multitool:
    """The validator of SARIF, with GitHub's rules."""
    return _or_give_up(find_multitool)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A headless browser, for the tests of a file."""
    with ExitStack() as stack:
        yield _or_give_up(lambda: stack.enter_context(chromium_running()))


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds what keeps people from using a page."""
    return _or_give_up(find_axe)


@pytest.fixture(scope="session")
def oscal_judge() -> Judge:
    """The validators of OSCAL."""
    return _or_give_up(lambda: find_judge(OSCAL))


@pytest.fixture(scope="session")
def cyclonedx_judge() -> Judge:
    """The strict validator of CycloneDX."""
    return _or_give_up(lambda: find_judge(CYCLONEDX))


@pytest.fixture(scope="session")
def softhsm() -> SoftHsm:
    """A hardware token that is none."""
    return _or_give_up(find_softhsm)


@pytest.fixture(scope="session")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed under another version of Python."""
    return _or_give_up(lambda: installed(tmp_path_factory.mktemp("python") / "venv"))


@pytest.fixture(scope="session")
def pip_settings() -> dict[str, str]:
    """By which pip installs this program and what it needs, without the registry."""
    return _or_give_up(from_wheels)


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of programs that are all busybox: a system that has nothing else."""
    return _or_give_up(lambda: programs(tmp_path_factory.mktemp("busybox")))


@pytest.fixture(scope="session", params=DOCKERS.values(), ids=DOCKERS.keys())
def docker(request: pytest.FixtureRequest) -> Docker:
    """A private Docker Engine with an image of busybox, the oldest that we read and a new one."""
    found: Docker = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def old_docker() -> Iterator[Docker]:
    """The engine of API 1.41; one for each process that asks for it."""
    with ExitStack() as stack:
        yield _or_give_up(lambda: _docker(stack, find_docker()))


@pytest.fixture(scope="session")
def new_docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """The engine of API 1.56, which has GPUs; one for each process that asks for it."""
    devices = tmp_path_factory.mktemp("cdi")
    (devices / "nvidia.json").write_text(json.dumps(GPUS))
    with ExitStack() as stack:
        found = _or_give_up(find_new_docker)
        binaries = replace(found, built=(*found.built, _looks_like_nvidia(devices)))
        yield _or_give_up(lambda: _docker(stack, binaries, f"--cdi-spec-dir={devices}"))


def _looks_like_nvidia(folder: Path) -> Path:
    """A folder with what the engine looks for on its path, and never starts, before it uses CDI."""
    hook = folder / "nvidia-cdi-hook"
    hook.touch()
    hook.chmod(0o755)
    return folder


def _docker(stack: ExitStack, binaries: Binaries, *options: str) -> Docker:
    # called as the NVIDIA runtime is, so that containers with it run where there is none
    runtime = f"--add-runtime=nvidia={binaries.program('runc')}"
    return stack.enter_context(docker_running(binaries, runtime, *options))


@pytest.fixture
def sshd(docker: Docker, tmp_path: Path) -> Iterator[Sshd]:
    """A private SSH server on the loopback, whose logins find the private engine."""
    with ExitStack() as stack:
        running = _or_give_up(lambda: sshd_running(docker, tmp_path))
        yield _or_give_up(lambda: stack.enter_context(running))


@pytest.fixture(scope="session")
def buildkit() -> BuildKit:
    """The parser of the pinned BuildKit."""
    return _or_give_up(lambda: BuildKit(engine("dockerfile")))


@pytest.fixture(scope="session")
def trivy() -> Trivy:
    """The scanner of images, with databases of ours."""
    return _or_give_up(find_trivy)


@pytest.fixture(scope="module")
def s3gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Gateway]:
    """A private storage that speaks S3, for the tests of a file."""
    with ExitStack() as stack:
        binary = _or_give_up(lambda: engine("versitygw"))
        running = s3gateway_running(binary, tmp_path_factory.mktemp("s3"))
        yield _or_give_up(lambda: stack.enter_context(running))


@pytest.fixture(scope="session")
def composego() -> ComposeGo:
    """The pinned compose-go."""
    return _or_give_up(lambda: ComposeGo(engine("composego")))


@pytest.fixture(scope="session")
def auditpolicy() -> AuditPolicies:
    """The code of the pinned API server that reads and evaluates audit policies."""
    return _or_give_up(lambda: AuditPolicies(engine("auditpolicy")))


@pytest.fixture(scope="session")
def gotar() -> GoTar:
    """Go's reader of tar, by which engines unpack layers."""
    return _or_give_up(lambda: GoTar(engine("gotar")))


@pytest.fixture(scope="session")
def vcsim_binary() -> Path:
    """The program that simulates a vCenter."""
    return _or_give_up(lambda: engine("vcsim"))


@pytest.fixture
def vcsims(vcsim_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vcsims]:
    """Starts simulated vCenters with options of the test."""
    with ExitStack() as stack:

        def start(*options: str) -> Vcsim:
            running = vcsim_running(vcsim_binary, tmp_path_factory.mktemp("vcsim"), *options)
            return _or_give_up(lambda: stack.enter_context(running))

        yield start


@pytest.fixture
def vcsim(vcsims: Vcsims) -> Vcsim:
    """A simulated vCenter of its own for each test: two hosts and some machines."""
    return vcsims()


@pytest.fixture(scope="session")
def govc() -> Path:
    """The program that saves the inventory of a vCenter."""
    return _or_give_up(lambda: engine("govc"))


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """The pinned kubectl, with an empty home."""
    return _or_give_up(lambda: find_kubectl(tmp_path_factory.mktemp("kubectl")))


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker here, so that the plug-in works outside this project's settings."""
    config.addinivalue_line("markers", MARKER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need an engine built, so that a run can do without."""
    for item in items:
        if isinstance(item, pytest.Function) and ENGINES & set(item.fixturenames):
            item.add_marker("engine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every engine that tests were skipped for, and say what was compared with the others."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "compared":
                terminalreporter.line(f"compared: {value}")
    reasons = {
        report.longrepr[2].split(UNAVAILABLE, 1)[1].splitlines()[0]
        for report in terminalreporter.getreports("skipped")
        if isinstance(report.longrepr, tuple) and UNAVAILABLE in report.longrepr[2]
    }
    if reasons:
        terminalreporter.section("REAL ENGINES WERE NOT ASKED", sep="!", red=True, bold=True)
        for reason in sorted(reasons):
            terminalreporter.line(f"not available: {reason}", red=True)


def _or_give_up(make: Callable[[], T]) -> T:
    try:
        return make()
    except EngineUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{UNAVAILABLE}{error}", pytrace=False)
        pytest.skip(f"{UNAVAILABLE}{error}")
