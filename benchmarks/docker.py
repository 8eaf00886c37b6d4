"""The figure of a Docker host: 500 containers collected and audited, against Docker's own client.

The engine is private (``tests/engines/dockerd.py``), and its containers are made and never started:
an engine shows those as it shows others. Three things are told, each against its goal: the seconds
of processor of a scan, its ratio to ``docker inspect`` of the same containers, and its ratio to the
list that the ``docker`` package makes with its models. The engine's own time counts for nobody.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run, wall
from tests.engines.dockerd import IMAGE, Docker, find_docker, running

if TYPE_CHECKING:
    from benchmarks.figures import Bench

CONTAINERS = 500
MOST_SECONDS = 2.0
MOST_OF_MODELS = 1 / 5
PROFILE = "docker-host"
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
        ours, inspected = paired(lambda: _scan(bench, engine), theirs, bench.pairs)
        again, listed = paired(lambda: _scan(bench, engine), models, bench.pairs)
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

    def create(number: int) -> str:
        name = f"bench-{number:04d}"
        options = [f"--memory={64 + number % 7}m", f"--env=WORKER={number}", "--volume=/data:/data"]
        engine.run("create", "--name", name, *options, IMAGE, "sleep", "1")
        return name

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(create, range(CONTAINERS)))


def _scan(bench: Bench, engine: Docker) -> Run:
    command = [sys.executable, "-m", "auditor", "scan", engine.target, "--quiet"]
    command += ["--profile", PROFILE, "-o", f"json={bench.output}"]
    return run(command, {"XDG_CACHE_HOME": str(bench.cache)}, allowed=(0, 1))


def _inspect(engine: Docker, names: list[str]) -> Callable[[], Run]:
    command: list[str | Path] = [engine.binaries.program("docker"), "-H", f"unix://{engine.socket}"]
    command += ["inspect", *names]
    return lambda: run(command, engine.binaries.environment)


def _models(bench: Bench, engine: Docker) -> Callable[[], Run]:
    python = bench.tools.docker_package()
    command = [python, "-c", _LIST, f"unix://{engine.socket}", str(CONTAINERS)]
    return lambda: run(command)
