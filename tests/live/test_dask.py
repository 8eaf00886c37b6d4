"""A fleet on the workers of a real Dask cluster is the fleet on one machine, byte for byte."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from tests.e2e.command import ROOT, Ran, ended, surroundings
from tests.e2e.forks import Command, Forks
from tests.e2e.signed import EPOCH, filled, ran
from tests.faults import engines
from tests.faults.server import Asked, Reply, Server, healthy, serving
from tests.faults.test_live_many import hangs, kubeconfig
from tests.faults.vcenters import PASSWORD, Authority, Vcenter
from tests.live.schedulers import Scheduler, holder, kill, scheduling, until, warmed

SECRET = "canary-token"  # noqa: S105 - of a server of our own
LAST = "/api/v1/pods"
PATIENCE = 120.0
PROFILE = ("--profile", "pod-security-baseline", "--no-cache", "--no-sign", "-q")


@pytest.fixture(scope="module", autouse=True)
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with warmed(tmp_path_factory.mktemp("warm") / "log") as found:
        yield found


@pytest.fixture(scope="module")
def dask(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with scheduling(tmp_path_factory.mktemp("dask") / "d", forks) as found:
        yield found


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Server]:
    """An engine by TLS, and the certificates for it in the folder ``pems``."""
    (tmp_path / "pems").mkdir()
    authority = trustme.CA()
    certificates(tmp_path / "pems", authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(engines.healthy, context) as found:
        yield found


class Gate:
    """A server that keeps the last answer of a cluster back, until it is let."""

    def __init__(self) -> None:
        self.come, self.open = threading.Semaphore(0), threading.Event()
        self.held = True

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.path == LAST and self.held:
            self.come.release()
            self.open.wait(PATIENCE)
        return None


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Any]:
    """Starts clusters and writes the file of targets."""
    with ExitStack() as stack:

        def write(*more: object, **clusters: Any) -> list[Server]:
            servers = []
            targets: list[object] = []
            for name, handler in clusters.items():
                servers.append(stack.enter_context(serving(handler)))
                folder = tmp_path / name
                folder.mkdir(exist_ok=True)
                kubeconfig(folder, {name: servers[-1].url, "other": "http://127.0.0.1:9"})
                each = {"target": f"k8s://{name}", "kubeconfig": f"{name}/kubeconfig"}
                targets.append({**each, **({"timeout": 1} if handler is hangs else {})})
            (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"targets": [*targets, *more]}))
            return servers

        yield write


@pytest.fixture
def vcenter(tmp_path: Path) -> Iterator[tuple[Vcenter, dict[str, object]]]:
    """A vCenter, and how it is entered: a password of the environment, an authority of its own."""
    authority, found = Authority(tmp_path), Vcenter()
    with serving(found, authority.context("127.0.0.1")) as server:
        address = f"vsphere://audit@127.0.0.1:{server.port}/"
        entered = {"password": {"env": "WORD"}, "ca-file": authority.file.name}
        yield found, {"target": address, **entered}


def scan(folder: Path, *options: str | Path) -> Ran:
    env = {"WORD": PASSWORD}
    return ran(folder, "scan", "--targets", "fleet.yaml", *PROFILE, *options, env=env)


def asking(dask: Scheduler, folder: Path, *options: str, profile: Sequence[str] = PROFILE) -> Any:
    """A scan that goes on, by one who has imported Dask."""
    env = {"PYTHONPATH": str(ROOT), **surroundings(), **EPOCH, "WORD": PASSWORD}
    env["XDG_CONFIG_HOME"] = str(folder / "config")
    words = ["scan", "--targets", "fleet.yaml", *profile, *options]
    return dask.forks.start(Command(words, folder, env))


def observed(dask: Scheduler, *plant: str) -> bytes:
    env = {"PYTHONPATH": str(ROOT), **surroundings()}
    words = [dask.address, *plant]
    with dask.forks.start(Command(words, ROOT, env, module="tests.live.observer")) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err.decode()
    return out


def gaps(found: Path) -> list[tuple[str, str]]:
    results = json.loads((found / "results.json").read_text())
    return [(each["target"], each["detail"]) for each in results["gaps"]]


def test_the_bytes_of_one_machine(
    dask: Scheduler,
    fleet: Any,
    vcenter: tuple[Vcenter, dict[str, object]],
    engine: Server,
    tmp_path: Path,
) -> None:
    """Of clusters, one that never answers, one that is not there, a vCenter, an engine.

    And of what only this machine can read.
    """
    filled(tmp_path)
    (tmp_path / "tree").mkdir()
    shutil.copy(tmp_path / "pod.yaml", tmp_path / "tree")
    nowhere = {"target": "k8s://nowhere", "kubeconfig": "a/kubeconfig"}
    socket = {"target": "docker+unix:///nonexistent/docker.sock", "labels": {"env": "dev"}}
    tls = {"target": f"docker+tls://127.0.0.1:{engine.port}", "certificates": "pems"}
    more = (nowhere, socket, "tree", vcenter[1], tls)
    servers = [*fleet(*more, a=healthy, dead=hangs, b=healthy), engine]
    here = scan(tmp_path, "--output", "here", "--workers", "1")
    asked = [len(each.asked) for each in servers]
    with asking(dask, tmp_path, "--output", "there", "--executor", dask.executor) as process:
        there = ended(process)
    assert (there.code, there.out, there.err) == (here.code, "", "") == (1, "", "")
    assert [len(each.asked) for each in servers] == [2 * each for each in asked]
    results = [(tmp_path / each / "results.json").read_bytes() for each in ("here", "there")]
    assert results[0] == results[1]
    assert b"k8s-pod" in results[0], "it is of something"
    states = {each["uri"]: each["state"] for each in json.loads(results[1])["targets"]}
    assert (states[str(vcenter[1]["target"]).replace("audit@", "")], states["tree"]) == (
        "complete",
        "complete",
    )
    assert (states[tls["target"]], states["k8s://dead"]) == ("complete", "unreachable")
    assert (vcenter[0].called.count("Login"), vcenter[0].sessions) == (2, 0)
    names = [
        sorted(str(path.relative_to(tmp_path / each)) for path in (tmp_path / each).rglob("*"))
        for each in ("here", "there")
    ]
    assert [len(each) for each in names] == [len(names[0])] * 2
    again = ran(tmp_path, "replay", "there")
    assert (again.code, again.out.split()[:2]) == (0, ["REPLAY", "same"]), again.out
    assert observed(dask).count(b"'auditor-") >= 5, "workers read them"
    assert dask.scratch == []


def test_a_killed_worker_costs_another_attempt(dask: Scheduler, fleet: Any, tmp_path: Path) -> None:
    """Three workers have a cluster each; the one that is killed leaves its to another."""
    gates = {name: Gate() for name in ("a", "b", "c")}
    servers = dict(zip(gates, fleet(**gates), strict=True))
    with dask.extra() as extra, begun(tmp_path, "there", dask) as process:
        for gate in gates.values():
            assert gate.come.acquire(timeout=PATIENCE)
        lost = next(
            name for name, each in servers.items() if holder(each.port, dask.workers) is extra
        )
        kill(extra)
        gates[lost].held = False
        gates[lost].open.set()
        for gate in gates.values():
            gate.open.set()
        done = ended(process)
    assert (done.code, done.err) == (1, "")
    asked = {name: [each.path for each in server.asked] for name, server in servers.items()}
    assert {name: paths.count(LAST) for name, paths in asked.items()} == {
        name: 2 if name == lost else 1 for name in gates
    }
    for gate in gates.values():
        gate.held = False
    assert scan(tmp_path, "--output", "here").code == 1
    results = [(tmp_path / each / "results.json").read_bytes() for each in ("here", "there")]
    assert results[0] == results[1]


def begun(folder: Path, output: str, dask: Scheduler, *options: str) -> Any:
    """A scan by workers that goes on."""
    return asking(dask, folder, "--output", output, "--executor", dask.executor, *options)


def test_what_is_lost_is_a_gap(forks: Forks, fleet: Any, tmp_path: Path) -> None:
    """A target that two workers end under; then a scheduler that ends under two targets."""
    gate = Gate()
    (server, _) = fleet(a=gate, b=healthy)
    with scheduling(tmp_path / "d", forks) as own:
        with begun(tmp_path, "killed", own) as process:
            assert gate.come.acquire(timeout=PATIENCE)
            first = holder(server.port, own.workers)
            kill(first)
            assert gate.come.acquire(timeout=PATIENCE), "another worker does it again"
            second = holder(server.port, own.workers)
            assert second is not first
            third = own.worker()
            kill(second)
            done = ended(process)
        assert done.code == 1, done.err
        ((target, detail),) = gaps(tmp_path / "killed")
        assert (target, detail.count(" ended")) == ("k8s://a", 2)
        assert detail.startswith("no worker read it to the end: tcp://127.0.0.1:")
        gate.come = threading.Semaphore(0)
        with begun(tmp_path, "gone", own, "--fail-on", "never") as process:
            assert gate.come.acquire(timeout=PATIENCE)
            assert own.scheduler is not None
            kill(own.scheduler)
            done = ended(process)
        gate.open.set()
        kill(third)
    assert done.code == 3, done.err
    assert "distributed" not in done.err
    assert ("k8s://a", "the scheduler does not answer any more") in [
        (target, detail.partition(": ")[2]) for target, detail in gaps(tmp_path / "gone")
    ]


def test_secrets_are_held_by_the_worker_alone(
    dask: Scheduler, fleet: Any, vcenter: tuple[Vcenter, dict[str, object]], tmp_path: Path
) -> None:
    """What a scheduler and workers hold, show and log, while a target is read and afterwards."""
    gate = Gate()
    (server, _) = fleet(vcenter[1], a=gate, b=healthy)
    with begun(tmp_path, "there", dask) as process:
        assert gate.come.acquire(timeout=PATIENCE)
        during = observed(dask, "planted-word")
        gate.open.set()
        done = ended(process)
    after = observed(dask)
    assert done.code == 1, done.err
    assert {each.headers["authorization"] for each in server.asked} == {f"Bearer {SECRET}"}
    assert vcenter[0].called.count("Login") == 1
    assert b"planted-word" in during, "a plain argument would be seen"
    assert b"auditor-" in during
    assert b"auditor-" in after
    kept = b"".join(each.read_bytes() for each in (tmp_path / "there").rglob("*") if each.is_file())
    seen = during + after + dask.logs + done.out.encode() + done.err.encode() + kept
    for form in (
        PASSWORD.encode(),
        SECRET.encode(),
        base64.b64encode(SECRET.encode())[:-2],
        b"kubeconfig/",
        b"k8s://a",
    ):
        assert form not in during + after + dask.logs, form
    assert SECRET.encode() not in seen
    assert after.endswith(b"tasks now: []\n")


def test_stopped(dask: Scheduler, fleet: Any, tmp_path: Path) -> None:
    """Ctrl-C while workers wait for servers: nothing is left with the scheduler, nor on disk."""
    gates = [Gate(), Gate(), Gate()]
    servers = fleet(a=gates[0], b=gates[1], c=gates[2])
    with begun(tmp_path, "there", dask) as process:
        until(lambda: sum(gate.come.acquire(blocking=False) for gate in gates) > 0, "none came")
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err
    assert observed(dask).endswith(b"tasks now: []\n")
    for gate in gates:
        gate.open.set()
    until(lambda: dask.scratch == [], "a worker goes on")
    assert not (tmp_path / "there").exists()
    begun_with = [name for name, each in zip("abc", servers, strict=True) if each.asked]
    assert len(begun_with) <= 2, "the third had no worker, and never gets one"


def test_workers_have_to_be_the_same_program(forks: Forks, fleet: Any, tmp_path: Path) -> None:
    """By TLS: one byte of the program differs, or its version; then one comes that fits."""
    other = tmp_path / "other"
    shutil.copytree(ROOT / "auditor", other / "auditor")  # with what was compiled of it
    for name in ("collectors", "reports", "policies"):
        (other / name).symlink_to(ROOT / name)
    version = other / "auditor" / "version.py"
    version.write_text(version.read_text().replace('VERSION = "', 'VERSION = "9.'))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "auditor.py").write_text("raise ImportError('no such thing here')\n")
    files = certificates(tmp_path, trustme.CA())
    tls = [word for option, path in files.items() for word in (option, str(path))]
    query = "&".join(
        f"{name}={files[option]}" for name, option in zip(("ca", "cert", "key"), files, strict=True)
    )
    (server,) = fleet(a=healthy)
    with scheduling(tmp_path / "d", forks, workers=0, tls=tuple(tls)) as own:
        executor = f"{own.executor}?{query}"
        assert executor.startswith("dasks://127.0.0.1:")

        def asked(executor: str, profile: Sequence[str] = PROFILE) -> Ran:
            with asking(own, tmp_path, "--executor", executor, profile=profile) as process:
                return ended(process)

        nobody = asked(executor)
        own.worker(other)
        own.worker(broken)
        none = asked(executor)
        assert server.asked == []
        own.worker()
        done = asked(executor, PROFILE[:-1])
        plain = asked(f"dask://127.0.0.1:{own.address.rpartition(':')[2]}")
    assert (nobody.code, none.code, done.code, plain.code) == (2, 2, 1, 2), plain.err
    assert "the scheduler has no workers" in nobody.err
    assert "no worker would judge as we do: tls://127.0.0.1:" in none.err
    assert done.err.count(" gets no work: ") == 2
    for each in (none.err, done.err):
        assert ": auditor 9.0" in each
        assert "), program " in each
        assert ": auditor can't be started there: " in each
    assert "the scheduler can't be reached" in plain.err
    assert server.asked


def certificates(folder: Path, authority: trustme.CA) -> dict[str, Path]:
    """A CA and one certificate of it, as Dask's options call them."""
    issued = authority.issue_cert("127.0.0.1")
    found = {
        "--tls-ca-file": folder / "ca.pem",
        "--tls-cert": folder / "cert.pem",
        "--tls-key": folder / "key.pem",
    }
    authority.cert_pem.write_to_path(found["--tls-ca-file"])
    issued.cert_chain_pems[0].write_to_path(found["--tls-cert"])
    issued.private_key_pem.write_to_path(found["--tls-key"])
    return found
