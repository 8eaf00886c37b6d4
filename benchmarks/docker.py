"""The figure of a Docker host: 500 containers collected and audited, against Docker's own client.

The engine is private (``tests/engines/dockerd.py``), and its containers are made and never started:
an engine shows those as it shows others. Three things are told, each against its goal: the seconds
of processor of a scan, its ratio to ``docker inspect`` of the same containers, and its ratio to the
list that the ``docker`` package makes with its models. The engine's own time counts for nobody.

A host of ten times as many is played (:mod:`benchmarks.docker_engine`): what is told of it is the
largest process, and how much larger it is for each container.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.docker_engine import record
from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run, wall
from tests.engines.dockerd import IMAGE, Docker, find_docker, running

if TYPE_CHECKING:
    from benchmarks.figures import Bench

CONTAINERS = 500
MOST_SECONDS = 2.0
MOST_OF_MODELS = 1 / 5
MANY = 5_000
MOST_MIB = 96
PROFILE = "docker-host"
_ROOT = Path(__file__).resolve().parents[1]
_AT_ONCE = 4
_LIST = """
import sys
import docker
found = docker.DockerClient(base_url=sys.argv[1], timeout=300).containers.list(all=True)
assert len(found) == int(sys.argv[2]), len(found)
"""


def host(bench: Bench) -> Figure:
    """Audit 500 containers; the worst of the three, each as a part of its goal."""
    with ExitStack() as stack:
        engine = stack.enter_context(running(find_docker()))
        names = _made(engine)
        theirs = _inspect(engine, names)
        models = _models(bench, engine)
        ours, inspected = paired(lambda: _scan(bench, engine.target), theirs, bench.pairs)
        again, listed = paired(lambda: _scan(bench, engine.target), models, bench.pairs)
        found = bench.verdicts()
    inspect, spread = ratios(ours, inspected, cpu)
    models_ratio, _ = ratios(again, listed, cpu)
    seconds = median([*ours, *again], cpu)
    parts = (seconds / MOST_SECONDS, inspect, models_ratio / MOST_OF_MODELS)
    details: dict[str, object] = {
        "ours cpu s": seconds,
        "ours s": median(ours, wall),
        "docker inspect cpu s": median(inspected, cpu),
        "the package's models cpu s": median(listed, cpu),
        "of docker inspect": inspect,
        "of the models": models_ratio,
        "peak MiB": max(each.peak for each in ours),
        **found,
    }
    return Figure(f"a Docker host of {CONTAINERS} containers", max(parts), 1.0, spread, details)


def _made(engine: Docker) -> list[str]:
    """Create containers as hosts have them: some limits, some mounts, some variables."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda number: _create(engine, number), range(CONTAINERS)))


def _create(engine: Docker, number: int) -> str:
    name = f"bench-{number:04d}"
    options = [f"--memory={64 + number % 7}m", f"--env=WORKER={number}", "--volume=/data:/data"]
    engine.run("create", "--name", name, *options, IMAGE, "sleep", "1")
    return name


def many(bench: Bench) -> Figure:
    """Audit 5,000 containers: the memory of the largest process, against its bound."""
    found = {}
    for count in (CONTAINERS, MANY):
        with played(bench, count) as target:
            _scan(bench, target)
            found[count] = [_scan(bench, target) for _ in range(3)]
    peaks = {count: max(each.peak for each in runs) for count, runs in found.items()}
    seconds = {count: median(runs, cpu) for count, runs in found.items()}
    more = MANY - CONTAINERS
    details: dict[str, object] = {
        "peak MiB": peaks[MANY],
        f"peak MiB at {CONTAINERS}": peaks[CONTAINERS],
        "more KiB a container": (peaks[MANY] - peaks[CONTAINERS]) * 1024 / more,
        "cpu s": seconds[MANY],
        "more cpu ms a container": (seconds[MANY] - seconds[CONTAINERS]) * 1e3 / more,
        **bench.verdicts(),
    }
    ratio = peaks[MANY] / MOST_MIB
    return Figure(f"memory for {MANY:,} containers", ratio, 1.0, (ratio, ratio), details)


@contextlib.contextmanager
def played(bench: Bench, count: int) -> Iterator[str]:
    """The target of a host with so many containers, in a process of its own."""
    recorded, path = _recorded(bench), bench.folder / f"{count}.sock"
    path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.docker_engine", path, str(count), recorded]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipe")
        process.stdout.readline()
        try:
            yield f"docker+unix://{path.resolve()}"
        finally:
            process.stdin.close()
            process.wait(10)


def _recorded(bench: Bench) -> Path:
    """What a private engine says of itself and of one container, once."""
    path = bench.folder / "engine.json"
    if not path.exists():
        with running(find_docker()) as engine:
            path.write_text(json.dumps(record(engine, _create(engine, 0))))
    return path


def _scan(bench: Bench, target: str) -> Run:
    command = [sys.executable, "-m", "auditor", "scan", target, "--quiet"]
    command += ["--profile", PROFILE, "-o", f"json={bench.output}"]
    # 3: what an imported image was built of is not known, nor the host of another one's engine
    return run(command, {"XDG_CACHE_HOME": str(bench.cache)}, allowed=(0, 1, 3))


def _inspect(engine: Docker, names: list[str]) -> Callable[[], Run]:
    command: list[str | Path] = [engine.binaries.program("docker"), "-H", f"unix://{engine.socket}"]
    command += ["inspect", *names]
    return lambda: run(command, engine.binaries.environment)


def _models(bench: Bench, engine: Docker) -> Callable[[], Run]:
    python = bench.tools.docker_package()
    command = [python, "-c", _LIST, f"unix://{engine.socket}", str(CONTAINERS)]
    return lambda: run(command)
