"""The script sees on a host what we see here; what it prints is read strictly."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from auditor.model.enums import Answered
from auditor.platforms.docker import (
    HOST,
    HOST_AUDIT_RULES,
    HOST_REGISTRY_FILES,
    HOST_SETTINGS_FOLDER,
)
from collectors.docker.host import local, remote
from collectors.docker.host.framing import FramingError, parse
from collectors.docker.host.observed import Observed
from collectors.docker.host.parts import UnreadError
from collectors.docker.host.probes import MOST_ENTRIES
from collectors.docker.host.script import HEADER, script
from collectors.docker.host.shapes import body_of
from collectors.hosts.seen import Unread
from tests.sweeps import sweep
from tests.unit.collectors.docker.host.trees import (
    CONTAINER,
    UNIT,
    host,
    listening,
    program,
    running,
    whole,
)

pytestmark = pytest.mark.process

SHELLS = [
    pytest.param(shell, id=" ".join(shell))
    for shell in (("dash",), ("bash",), ("bash", "--posix"), ("sh",))
]


def printed(root: Path, shell: tuple[str, ...] = ("sh",)) -> bytes:
    """What the script prints of a tree."""
    return ran(script(), root, shell)


def ran(code: str, root: Path, shell: tuple[str, ...] = ("sh",)) -> bytes:
    """What a script prints of a tree."""
    done = subprocess.run(
        [*shell, "-s", "--", str(root)],
        input=code.encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout


LENGTHS = (49, 50, 57, 58)
ID, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
CONFINED = (
    (f"13:misc:/\n12:cpuset:/a b/docker/{OTHER}/$(id)/{ID}\n0::/\n", "1"),
    (f"0::/docker/{OTHER}", "1"),
    (f"0::/docker/{OTHER}", "0"),
    (f"0::/docker/aa{ID}", "1"),
    (f"0::/docker/{'a' * 64}\n", "no"),
    (f"0::/docker/{'b' * 64}\n", "10"),
    (f"0::/docker/{'c' * 63}g{'c' * 63}\n", "1"),
    (f"0::/docker/{ID.upper()}\n", "1"),
    ("", "1"),
)
"""Control groups as kernels and engines write them, and as they may be named; ``NoNewPrivs``."""


def busy(root: Path) -> Path:
    """A tree with all that is odd."""
    registry = "etc/docker/certs.d/registry.example:5000"
    names = ["ca.crt", "a b.crt", ".hidden.crt", "*.crt", "new\nline.crt", "$(id)", "-n"]
    # one line of base64 or two, of paths around that length in letters and in bytes
    names += [letter * (length - len(f"/{registry}/")) for length in LENGTHS for letter in "né"]
    host(root, {f"{registry}/{name}": 0o644 for name in names})
    host(root, {UNIT: 0o4642, f"{registry}/deep/deeper/": 0o755, "etc/default/docker": 0o600})
    (root / registry / "again").symlink_to(".")
    (root / registry / "nowhere").symlink_to("gone\n")
    (root / registry / "x: Permission denied").symlink_to("y")
    Path(os.fsdecode(os.fsencode(root / registry) + b"/\xff\xfe.crt")).touch()
    os.mkfifo(root / "etc/docker/daemon.json")
    whole(root)
    texts = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nno colons\nodd:x\nada:x:7:999::/:/bin/sh",
        "proc/net/tcp": "  sl  local\n   0: 0100007F:0016 00000000:0000 0A 0\n   1: x:1 y 01\n",
        "etc/nvidia-container-runtime/config.toml": "disable-require = false\n",
        "etc/nsswitch.conf": "group: files sss\n",
        "etc/audit/rules.d/10-docker.rules": "-w /etc/docker -p wa\n",
        "etc/audit/rules.d/$(id) b.rules": "-D\n",
        "etc/audit/rules.d/new\nline.rules": "-D\n",
        "etc/audit/rules.d/.hidden.rules": "-D\n",
        "etc/audit/rules.d/README": "no rules\n",
        "etc/audit/rules.d/large.rules": "#" * ((1 << 18) + 1),
    }
    (root / "etc/audit/rules.d").mkdir(parents=True)
    os.mkfifo(root / "etc/audit/rules.d/pipe.rules")
    (root / "etc/audit/rules.d/gone.rules").symlink_to("nowhere")
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    running(root, 8, "docker-proxy", "/usr/bin/docker-proxy", "-proto", "tcp")
    running(root, 9, "sshd", "sshd: ada@pts/0", groups=CONTAINER, confined="1")
    running(root, 10, "bash", "bash", "-c", "secret", confined="0")
    running(root, 11, "dockerd", "dockerd", "--label", "a\nb=\xff ", groups=CONTAINER)
    for number, (groups, confined) in enumerate(CONFINED, 12):
        running(root, number, "sleep", "sleep", groups=groups, confined=confined)
    program(root / "usr/sbin/auditctl", 'echo "-w $1"; echo >&2 odd; echo; exit 4')
    (root / "sbin").symlink_to("usr/sbin")
    (root / "lib/systemd/system/docker.socket").symlink_to("docker.socket")
    return root


@pytest.mark.parametrize("shell", SHELLS)
def test_it_sees_what_we_see(tmp_path: Path, shell: tuple[str, ...]) -> None:
    busy(tmp_path)
    with listening(tmp_path / "run/containerd/containerd.sock"):
        there = parse(printed(tmp_path, shell)).seen
        here = local.look(str(tmp_path))
    assert there == here


def test_rules_on_disk_are_those_of_all_files(tmp_path: Path) -> None:
    """One that is there, and nobody loaded: what is in two files counts once."""
    whole(tmp_path)
    files = {
        "audit.rules": "-D\n-w /etc/docker -p wa\n",
        "rules.d/10-docker.rules": "# ours\n -w /etc/docker -p wa \n-w /usr/bin/dockerd -p x\n",
        "rules.d/20.rules.bak": "-w /bin -p x\n",
    }
    for name, text in files.items():
        path = tmp_path / "etc/audit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for seen in (local.look(str(tmp_path)), parse(printed(tmp_path)).seen):
        found = msgspec.json.decode(body_of(HOST_AUDIT_RULES, seen))
        assert found["onDisk"] == ["-D", "-w /etc/docker -p wa", "-w /usr/bin/dockerd -p x"]
    (tmp_path / "etc/audit/rules.d/10-docker.rules").unlink()
    (tmp_path / "etc/audit/rules.d/10-docker.rules").mkdir()
    found = msgspec.json.decode(body_of(HOST_AUDIT_RULES, local.look(str(tmp_path))))
    assert "onDisk" not in found


def test_whether_processes_of_containers_may_gain_rights(tmp_path: Path) -> None:
    """One that may speaks for its container, and what is not said of any is not known."""
    assert local.look(str(busy(tmp_path))).confined == {
        ID: True,
        OTHER: False,
        f"aa{ID[:62]}": True,
    }


@sweep(some=20, whole=MOST_ENTRIES)
def test_a_tree_that_is_larger_than_is_looked_at(tmp_path: Path, size: int) -> None:
    """A script that looks at fewer says the same of the folder, and takes less time."""
    host(tmp_path, {"etc/docker/certs.d/": 0o755, "etc/group": 0o644})
    for number in range(MOST_ENTRIES + 1):
        (tmp_path / f"etc/docker/certs.d/{number}").touch()
    (tmp_path / "etc/group").write_text("x" * ((1 << 20) + 1))
    assert f"left={MOST_ENTRIES}" in script()
    code = script().replace(f"left={MOST_ENTRIES}", f"left={size}")
    there, here = parse(ran(code, tmp_path)).seen, local.look(str(tmp_path))
    assert (there.folders, there.texts) == (here.folders, here.texts)
    assert isinstance(there.folders["/etc/docker/certs.d"], Unread)


def test_nothing_is_changed_and_nothing_is_run(tmp_path: Path) -> None:
    """Names and contents that a shell could take for commands stay what they are."""
    busy(tmp_path)
    evil = f"x:0:$(touch {tmp_path}/run1)`touch {tmp_path}/run2`;touch {tmp_path}/run3\n"
    (tmp_path / "etc/group").write_text(evil)
    (tmp_path / "etc/docker/certs.d" / "$(touch run4);touch run5").touch()
    before = sorted(tmp_path.rglob("*"))
    printed(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_script_is_the_same_for_all() -> None:
    """No host, no path of a target and no name of a person is put into it."""
    assert script() == script()
    assert "/etc/docker/certs.d" in script()


def bodies(data: bytes) -> dict[str, bytes]:
    """The kinds of which something can be made, with what that is."""
    seen = parse(data).seen
    found = {}
    for kind in HOST:
        with contextlib.suppress(UnreadError):
            found[kind] = body_of(kind, seen)
    return found


def test_what_was_cut_costs_only_what_is_missing(tmp_path: Path) -> None:
    """Wherever an answer ends, no kind comes to anything but what the whole of it says."""
    host(whole(tmp_path), {"etc/docker/certs.d/a/ca.crt": 0o666})
    rules = "[ $1 = -s ] && echo enabled 0 || echo -w /etc -p wa"
    program(tmp_path / "sbin/auditctl", rules)
    data = printed(tmp_path)
    everything = bodies(data)
    assert everything.keys() == HOST
    for end in range(data.index(b"\n") + 1, len(data), 7):
        assert bodies(data[:end]).items() <= everything.items()
    assert HOST_REGISTRY_FILES not in bodies(data[: data.index(b"folder ")])
    groups = base64.b64encode(b"/etc/group")
    assert HOST_SETTINGS_FOLDER in bodies(data[: data.index(groups)])


def test_what_a_login_prints_is_left_out(tmp_path: Path) -> None:
    host(tmp_path, {})
    data = printed(tmp_path)
    assert parse(b"Welcome!\nstat x\n" + data + b"bye\n").seen == parse(data).seen


WRONG = {
    "nothing": b"",
    "no header": b"stat .Lw== 41ed 0 0 1 2 .\n",
    "another word": b"delete .Lw==\n",
    "no base64": b"stat .%% 41ed 0 0 1 2 .\n",
    "no dot": b"stat Lw== 41ed 0 0 1 2 .\n",
    "a number that is none": b"stat .Lw== 41ed -1 0 1 2 .\n",
    "a number of thousands of digits": b"stat .Lw== 41ed " + b"9" * 5000 + b" 0 1 2 .\n",
    "a mode that is none": b"stat .Lw== rwx 0 0 1 2 .\n",
    "too few": b"stat .Lw== 41ed 0 0 1 2\n",
    "too many": b"none .Lw== absent absent\n",
    "another reason": b"none .Lw== maybe\n",
    "a text that nobody asked for": b"text .L2V0Yy9zaGFkb3c= .eA==\n",
    "a time that is none": b"time yesterday\n",
    "a container that is none": b"container ../../etc 1\n",
    "a container in a state that is none": b"container " + b"a" * 64 + b" 2\n",
    "an empty line": b"\n",
    "binary": b"\x00\xff\xfe\n",
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_what_the_script_does_not_print(line: bytes) -> None:
    header = b"" if line in {b"", WRONG["no header"]} else f"{HEADER}\n".encode()
    with pytest.raises(FramingError):
        parse(header + line + b"end\n")


def test_by_a_command(tmp_path: Path) -> None:
    host(tmp_path, {UNIT: 0o644})
    found = remote.look(("sh", "-s", "--", str(tmp_path)))
    assert not isinstance(found, Unread)
    assert found.seen == local.look(str(tmp_path))
    assert len(found.time) == len("2026-11-30T02:38:14Z")


FAILING = {
    "refused": ("echo 'Permission denied (publickey).' >&2; exit 255", Answered.UNREACHABLE),
    "silent": ("exit 1", Answered.UNREACHABLE),
    "garbage": ("head -c 5000 /dev/zero", Answered.MALFORMED),
    "endless": ("cat /dev/zero", Answered.MALFORMED),
    "hung": ("sleep 1000", Answered.TIMEOUT),
    "deaf": ("exec 0<&-; exit 3", Answered.UNREACHABLE),
}


@pytest.mark.parametrize(("code", "answered"), FAILING.values(), ids=FAILING)
def test_a_command_that_fails(code: str, answered: Answered) -> None:
    found = remote.look(("sh", "-c", code), seconds=2.0)
    assert isinstance(found, Unread)
    assert found.answered is answered
    if "publickey" in code:
        assert "publickey" in found.detail


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    found = remote.look((str(tmp_path / "ssh"), "-s"))
    assert isinstance(found, Unread)
    assert found.answered is Answered.UNREACHABLE


def test_an_answer_that_hangs_in_the_middle(tmp_path: Path) -> None:
    """What was said until then is known."""
    host(tmp_path, {})
    (tmp_path / "half").write_bytes(printed(tmp_path)[:-200])
    found = remote.look(("sh", "-c", f"cat {tmp_path / 'half'}; sleep 1000"), seconds=2.0)
    assert not isinstance(found, Unread)
    assert isinstance(found.seen, Observed)
    assert found.seen.at("/etc/docker") is None
