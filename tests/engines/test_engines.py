"""The engines themselves: they start, answer, and are found or refused with a reason."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engines.apiserver import ApiServer, Binaries, running
from tests.engines.build import cache_folder, engine, main, pins_digest
from tests.engines.cache import EngineUnavailableError
from tests.engines.client import Request
from tests.engines.kubectl import Kubectl, decode_each

MANIFEST = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: yes, b: 012}\n"


def test_apiserver_answers_many_requests_in_order(apiserver: ApiServer) -> None:
    names = [f"engine-{number}" for number in range(30)]
    with apiserver.client() as client:
        replies = client.send_all(
            Request("POST", "/api/v1/namespaces?dryRun=All", {"metadata": {"name": name}})
            for name in names
        )
    assert [reply.status for reply in replies] == [201] * len(names)
    found = [reply.body["metadata"] for reply in replies]
    assert [each["name"] for each in found if isinstance(each, dict)] == names


def test_apiserver_is_the_pinned_version(apiserver: ApiServer) -> None:
    with apiserver.client() as client:
        assert client.get("/version").body["minor"] == "37"


def test_apiserver_refuses_a_stranger(apiserver: ApiServer) -> None:
    stranger = ApiServer(apiserver.port, "wrong", apiserver.authority)
    with stranger.client() as client:
        assert client.get("/api/v1/namespaces").status == 401


def test_kubectl_reads_yaml_as_kubectl_does(kubectl: Kubectl) -> None:
    answer = kubectl.decode(MANIFEST)
    assert json.loads(answer.stdout)["data"] == {"a": True, "b": 10}, answer.stderr


def test_kubectl_says_what_is_wrong(kubectl: Kubectl) -> None:
    answer = kubectl.decode(b"kind: [")
    assert answer.returncode != 0
    assert b"yaml" in answer.stderr.lower()


def test_kubectl_reads_many_documents_past_broken_ones(kubectl: Kubectl) -> None:
    head = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: "
    scalars = (b"{v: 1}", b"{v: .inf}", b"{v: on}", b"{v: [", b"{v: .nan}", b"{v: 0x10}")
    found = decode_each(kubectl, [head + scalar for scalar in scalars])
    values = [each.value["data"] if isinstance(each.value, dict) else None for each in found]
    assert values == [{"v": 1}, None, {"v": True}, None, None, {"v": 16}]
    assert [bool(each.error) for each in found] == [False, True, False, True, True, False]
    assert "+Inf" in found[1].error


def test_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="no engine is called 'nosuch'"):
        engine("nosuch")


def test_cache_is_named_by_the_pins(tmp_path: Path) -> None:
    folder = cache_folder({"AUDITOR_ENGINE_CACHE": str(tmp_path)})
    assert folder == tmp_path / pins_digest()


def test_failed_build_shows_its_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    go_tool = tools / "go"
    go_tool.write_text(
        '#!/bin/sh\n[ "$1" = env ] && echo go99.0.0 && exit 0\necho no such module >&2\nexit 7\n'
    )
    go_tool.chmod(0o755)
    environment = {
        "AUDITOR_ENGINE_CACHE": str(tmp_path / "cache"),
        "PATH": f"{tools}:/usr/bin:/bin",
    }
    with pytest.raises(EngineUnavailableError, match=r"(?s)ended 7.*no such module"):
        engine("etcd", environment)
    assert main(environment) == 0, "what is skipped and what fails is for the tests to say"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "etcd: being built, which takes some minutes"
    assert lines[1].startswith("etcd: not available: ")


def test_control_plane_that_ends_shows_its_log(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho cannot run here\nexit 1\n")
    broken.chmod(0o755)
    started = running(Binaries(broken, broken), tmp_path / "home")
    with pytest.raises(EngineUnavailableError, match=r"(?s)ended before.*cannot run here"), started:
        pass


OWNER = """
import os, sys, time
from pathlib import Path
from tests.engines.apiserver import _process
with _process(["sleep", "600"], Path(os.devnull)) as started:
    # setpriv asks the kernel first, and only then becomes what it was told to start
    while Path(f"/proc/{started.pid}/comm").read_text() != "sleep\\n":
        time.sleep(0.01)
    print(started.pid, flush=True)
    # in short sleeps: a signal that comes just before a sleep begins is seen after it
    while True:
        time.sleep(0.05)
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv: util-linux has it")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_engine_ends_with_whoever_started_it(how: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert owner.stdout is not None
    started = int(owner.stdout.readline())
    owner.send_signal(how)
    owner.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while _runs(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(started)


def _runs(process: int) -> bool:
    """Whether it is there and not waiting to be reaped by whoever inherited it."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
