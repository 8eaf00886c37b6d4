"""A renderer gets nothing of the user's, ends when it has to, and so does whatever it started."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from auditor.model.enums import GapCause
from collectors.programs.sandbox import Limits, Outcome, Sandbox
from tests.unit.collectors.kubernetes.rendering.fakes import program

pytestmark = pytest.mark.process

UNSHARE = shutil.which("unshare") or ""
WAYS = ["", UNSHARE] if UNSHARE else [""]
SHORT = Limits(seconds=2.0, size=1 << 16)
LONG = Limits(seconds=60.0, size=1 << 16)
CHILD = """\
number = os.fork()
if not number:
    {more}
    open({file!r}, "w").write(str(os.getpid()))
    time.sleep(600)
while not os.path.exists({file!r}):
    time.sleep(0.01)
print("done", flush=True)
"""


@pytest.fixture(params=WAYS, ids=["as it is", "apart"][: len(WAYS)])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path / "home", request.param)


def run(sandbox: Sandbox, tmp_path: Path, body: str, limits: Limits = LONG) -> Outcome:
    return sandbox.run((str(program(tmp_path / "tools", "tool", body)),), limits)


def test_nothing_of_the_environment_is_handed_on(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "HELM_PLUGINS", "KUSTOMIZE_PLUGIN_HOME", "TOKEN", "KUBECONFIG"):
        monkeypatch.setenv(name, "canary")
    came = run(sandbox, tmp_path, "import json; print(json.dumps(dict(os.environ)))")
    found = json.loads(came.out)
    assert "canary" not in came.out.decode()
    home = str(tmp_path / "home")
    assert {found[name] for name in ("HOME", "XDG_CONFIG_HOME", "HELM_PLUGINS")} == {home}
    assert found["HTTPS_PROXY"] == found["http_proxy"] == "http://127.0.0.1:9"
    assert list(Path(found["PATH"]).iterdir()) == []


def test_other_programs_are_not_found(sandbox: Sandbox, tmp_path: Path) -> None:
    came = run(sandbox, tmp_path, "import shutil; print(shutil.which('git'), sys.stdin.read())")
    assert came.out == b"None \n"


@pytest.mark.skipif(not UNSHARE, reason="no unshare here")
def test_apart_means_that_there_is_no_network(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "home", UNSHARE)
    if not sandbox.is_apart:
        pytest.skip("this system does not let users have a network of their own")
    came = run(sandbox, tmp_path, "import socket; print(sorted(socket.if_nameindex()))")
    assert came.out == b"[(1, 'lo')]\n"


def test_unshare_that_fails_is_done_without(tmp_path: Path) -> None:
    broken = program(tmp_path / "tools", "unshare", "sys.exit(1)")
    sandbox = Sandbox(tmp_path / "home", str(broken))
    assert not sandbox.is_apart
    assert run(sandbox, tmp_path, "print('here')").out == b"here\n"


def test_code_and_both_streams_are_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    came = run(sandbox, tmp_path, "print('out'); sys.stderr.write('said'); sys.exit(3)")
    assert (came.out, came.said, came.code, came.cause) == (b"out\n", "said", 3, None)


def test_program_that_hangs_is_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    body = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('x', flush=True)\ntime.sleep(600)"
    came = run(sandbox, tmp_path, body, SHORT)
    assert (came.cause, came.problem) == (GapCause.TIMEOUT, "it did not end within 2 s")
    assert came.out == b""


def test_program_that_prints_without_end_is_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    came = run(sandbox, tmp_path, "while True: sys.stdout.write('a: b\\n' * 1000)")
    assert (came.cause, came.problem) == (GapCause.TRUNCATED, "it printed more than 65,536 bytes")


def test_of_what_is_said_without_end_the_last_is_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    body = "for _ in range(9000): sys.stderr.write('x' * 99 + '\\n')\nsys.stderr.write('why')"
    came = run(sandbox, tmp_path, body)
    assert came.said.endswith("x\nwhy")
    assert len(came.said) < 1 << 18


def test_missing_program_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    came = sandbox.run((str(tmp_path / "nowhere"),), LONG)
    assert came.code != 0
    assert "nowhere" in came.said


@pytest.mark.parametrize("limits", [LONG, SHORT], ids=["ends", "is late"])
def test_child_does_not_outlive_it(sandbox: Sandbox, tmp_path: Path, limits: Limits) -> None:
    """It holds the pipes, and is not waited for."""
    file = str(tmp_path / "number")
    more = "" if limits is LONG else "time.sleep(600)"
    came = run(sandbox, tmp_path, CHILD.format(file=file, more="pass") + more, limits)
    assert came.out == (b"done\n" if limits is LONG else b"")
    assert _is_gone(file)


@pytest.mark.skipif(not UNSHARE, reason="no unshare here")
def test_child_that_left_the_group_does_not_either(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "home", UNSHARE)
    if not sandbox.is_apart:
        pytest.skip("this system does not let users have processes of their own")
    file = str(tmp_path / "number")
    came = run(sandbox, tmp_path, CHILD.format(file=file, more="os.setsid()"))
    assert came.out == b"done\n"
    assert _is_gone(file)


def _is_gone(file: str) -> bool:
    """Whether no process runs that has the file's path in its program or what it maps."""
    tool = str(Path(file).parent / "tools" / "tool").encode()
    for _ in range(500):
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(path.read_bytes())
            except OSError:
                continue
        if not any(tool in line for line in lines):
            return True
        time.sleep(0.01)
    return False
