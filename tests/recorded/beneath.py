"""The host beneath an engine of ours, as the script that looks at hosts would print it.

It is written line by line, since a tree of files has the owners that whoever makes it can give.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from collectors.docker.host.probes import PROGRAM, PROGRAM_RUNS, TEXTS, Take, folders, stats
from collectors.docker.host.script import HEADER

FILE, FOLDER, SOCKET = 0o100000, 0o040000, 0o140000
GROUP_OF_DOCKER: Final = 988


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands at a path: type and mode bits, its group, what it links to, its content."""

    mode: int
    group: int = 0
    link: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Beneath:
    """A host: files by path, the engine's arguments, and what ``auditctl`` prints.

    ``confined`` says of containers by their ids whether the kernel lets no process gain rights.
    """

    name: str
    kernel: str
    time: str
    files: Mapping[str, Seen]
    arguments: tuple[str, ...]
    outputs: Mapping[str, str] = field(default_factory=dict)
    confined: Mapping[str, bool] = field(default_factory=dict)


def printed(host: Beneath) -> bytes:
    """What the script prints of a host."""
    return "".join(f"{line}\n" for line in _lines(host)).encode()


def _lines(host: Beneath) -> Iterator[str]:
    yield HEADER
    yield f"host {_word(host.name)}"
    yield f"kernel {_word(host.kernel)}"
    yield "user 0"
    yield f"time {host.time}"
    known = (*stats(), *(path for path in host.files if path not in set(stats())))
    for number, path in enumerate(known):
        yield _stat(path, host.files.get(path), 1000 + number)
    yield from (f"folder {_word(path)} whole" for path in folders() if path in host.files)
    for path, text in TEXTS.items():
        if path in host.files:
            yield f"text {_word(path)} {_word(_taken(host.files[path].text, text.take))}"
    words = "".join(f"{each}\0" for each in host.arguments)
    yield f"process {_word('dockerd')} 0 {_word(words)} {_word('0::/system.slice/docker.service')}"
    yield "processes"
    yield from (f"container {name} {state:d}" for name, state in host.confined.items())
    yield "containers"
    for option in PROGRAM_RUNS:
        name = f"{PROGRAM} {option}"
        yield f"output {_word(name)} 0 {_word(host.outputs[name])}"
    yield "end"


def _stat(path: str, seen: Seen | None, inode: int) -> str:
    if seen is None:
        return f"none {_word(path)} absent"
    link = _word(seen.link) if seen.link else "."
    return f"stat {_word(path)} {seen.mode:x} 0 {seen.group} 66306 {inode} {link}"


def _taken(text: str, take: Take) -> str:
    match take:
        case Take.LOGINS:
            rows = [line.split(":") for line in text.splitlines()]
            return "".join(f"{row[0]}:{row[3]}\n" for row in rows)
        case Take.LISTENING:
            lines = text.splitlines(keepends=True)
            return "".join(line for line in lines if " 0A " in line)
        case Take.ALL:
            return text


def _word(text: str) -> str:
    return f".{base64.b64encode(text.encode()).decode()}"


def _file(mode: int, text: str = "", group: int = 0) -> Seen:
    return Seen(FILE | mode, group, text=text)


_SETTINGS: Final = """{
  "log-driver": "journald",
  "runtimes": {"nvidia": {"path": "nvidia-container-runtime", "args": []}},
  "userland-proxy": false
}
"""
_TOOLKIT: Final = """disable-require = false
#accept-nvidia-visible-devices-envvar-when-unprivileged = true

[nvidia-container-cli]
ldconfig = "@/sbin/ldconfig.real"

[nvidia-container-runtime]
mode = "auto"
"""
_MOUNTS: Final = """29 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
97 29 259:4 / /srv/models rw,relatime shared:52 - ext4 /dev/nvme1n1p1 rw
"""
_LISTENING: Final = "   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 0 0 0 1 1\n"
_RULES: Final = "-w /etc/docker -p wa -k docker\n-w /usr/bin/dockerd -p x -k docker\n"
_GROUPS: Final = f"root:x:0:\ndocker:x:{GROUP_OF_DOCKER}:kim,ci\n"
_LOGINS: Final = "root:x:0:0:root:/root:/bin/bash\nkim:x:1000:1000::/home/kim:/bin/bash\n"
_UNITS: Final = "/usr/lib/systemd/system"


def below(name: str, kernel: str, time: str, confined: Mapping[str, bool]) -> Beneath:
    """The host of the recorded engine: some files are as they should be, and some are not."""
    return Beneath(
        name=name,
        kernel=kernel,
        time=time,
        confined=confined,
        files={
            "/bin": Seen(FOLDER | 0o755, link="usr/bin"),
            "/sbin": Seen(FOLDER | 0o755, link="usr/sbin"),
            "/lib": Seen(FOLDER | 0o755, link="usr/lib"),
            "/var/run": Seen(FOLDER | 0o755, link="/run"),
            f"{_UNITS}/docker.service": _file(0o644),
            f"{_UNITS}/docker.socket": _file(0o644),
            "/etc/docker": Seen(FOLDER | 0o755),
            # written by a tool with an open umask
            "/etc/docker/daemon.json": _file(0o666, _SETTINGS),
            "/etc/default/docker": _file(0o644),
            # so that the notebooks can use it
            "/var/run/docker.sock": Seen(SOCKET | 0o666, GROUP_OF_DOCKER),
            "/run/containerd/containerd.sock": Seen(SOCKET | 0o660),
            "/run/containerd": Seen(FOLDER | 0o711),
            "/etc/containerd/config.toml": _file(0o644),
            "/etc/cdi": Seen(FOLDER | 0o755),
            "/etc/cdi/nvidia.yaml": _file(0o644),
            "/var/run/cdi": Seen(FOLDER | 0o755),
            "/tmp/nvidia-mps": Seen(FOLDER | 0o777),  # noqa: S108 - of a host that is not there
            "/etc/nvidia-container-runtime/config.toml": _file(0o644, _TOOLKIT),
            "/etc/group": _file(0o644, _GROUPS),
            "/etc/passwd": _file(0o644, _LOGINS),
            "/etc/nsswitch.conf": _file(0o644, "group: files systemd\n"),
            "/etc/audit/audit.rules": _file(0o640, _RULES),
            "/proc/self/mountinfo": _file(0o444, _MOUNTS),
            "/proc/net/tcp": _file(0o444, _LISTENING),
            "/proc/net/tcp6": _file(0o444),
            "/usr/bin/dockerd": _file(0o755),
            "/usr/bin/containerd": _file(0o755),
            "/usr/bin/containerd-shim-runc-v2": _file(0o755),
            "/usr/bin/runc": _file(0o755),
        },
        arguments=(
            "/usr/bin/dockerd",
            *("-H", "fd://", "--containerd=/run/containerd/containerd.sock"),
        ),
        outputs={"auditctl -l": _RULES, "auditctl -s": "enabled 1\nfailure 1\npid 812\n"},
    )
