"""What the kernel shows of a process: its namespaces, rights, mounts, devices and limits.

Only ``/proc`` and the control groups are read, so whatever an engine says of a container can be
held against them. Control groups are read in both of their versions.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
USUAL_SHARES, USUAL_WEIGHT = 1024, 100
_MOST_PAGES = 2**63 - 2**20
"""What a limit of memory that is none is at least."""
CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
    *("SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"),
    *("IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"),
    *("SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"),
    *("LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"),
    *("WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
)
"""By their number (``linux/capability.h``)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount of a process: what of which file system, where, and how."""

    device: str
    root: str
    target: str
    read_only: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process, by its number."""

    number: int

    def shares(self, namespace: str, other: Process) -> bool:
        """Whether both are in one namespace: ``net``, ``pid``, ``ipc``, ``uts``, ``cgroup``."""
        return self._namespace(namespace) == other._namespace(namespace)

    def _namespace(self, name: str) -> Path:
        return Path(f"/proc/{self.number}/ns/{name}").readlink()

    @property
    def status(self) -> dict[str, str]:
        """The lines of its status, by their names."""
        lines = Path(f"/proc/{self.number}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def user(self) -> int:
        """Its effective user."""
        return int(self.status["Uid"].split()[1])

    @property
    def bounds(self) -> frozenset[str]:
        """The capabilities that it, or what it executes, can have at most."""
        bits = int(self.status["CapBnd"], 16)
        return frozenset(name for place, name in enumerate(CAPABILITIES) if bits >> place & 1)

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted for it, in the order in which it was."""
        found = []
        for line in Path(f"/proc/{self.number}/mountinfo").read_text().splitlines():
            own, _, of_system = line.partition(" - ")
            _, _, device, root, target, options, *_ = own.split(" ")
            read_only = "ro" in options.split(",")
            found.append(Mount(device, root, target, read_only, of_system.split(" ")[0]))
        return found

    @property
    def nodes(self) -> dict[str, tuple[int, int]]:
        """Its device nodes with their major and minor numbers, by path.

        Not those in its shared memory: that may be the host's, with all that tests have there.
        """
        return dict(_nodes(Path(f"/proc/{self.number}/root/dev"), "/dev"))

    @property
    def variables(self) -> list[str]:
        """What its environment was when it began."""
        return Path(f"/proc/{self.number}/environ").read_text().split("\0")

    def limit(self, name: str) -> tuple[str, str]:
        """The soft and the hard limit of that name, as ``limits`` calls it."""
        text = Path(f"/proc/{self.number}/limits").read_text()
        match = re.search(rf"^{name}\s+(\S+)\s+(\S+)", text, re.MULTILINE)
        assert match is not None, text
        return match[1], match[2]

    @property
    def memory_limited(self) -> bool:
        """Whether its control group has a limit of memory."""
        old = self._old("memory", "memory.limit_in_bytes")
        return int(old) < _MOST_PAGES if old is not None else self._new("memory.max") != "max"

    @property
    def processes_limited(self) -> bool:
        """Whether its control group has a limit of processes."""
        return (self._old("pids", "pids.max") or self._new("pids.max")) != "max"

    @property
    def processor_limited(self) -> bool:
        """Whether its control group has a quota, a share of its own, or some processors alone."""
        chosen = self._old("cpuset", "cpuset.cpus") or self._new("cpuset.cpus")
        every = Path("/sys/devices/system/cpu/online").read_text().strip()
        if chosen not in {"", every}:
            return True
        quota, shares = self._old("cpu", "cpu.cfs_quota_us"), self._old("cpu", "cpu.shares")
        if quota is not None and shares is not None:
            return int(quota) > 0 or int(shares) != USUAL_SHARES
        return (
            not self._new("cpu.max").startswith("max")
            or int(self._new("cpu.weight") or USUAL_WEIGHT) != USUAL_WEIGHT
        )

    @property
    def devices_allowed(self) -> list[str] | None:
        """The rules of its control group on devices; the new version shows none."""
        text = self._old("devices", "devices.list")
        return None if text is None else text.splitlines()

    def _old(self, controller: str, name: str) -> str | None:
        """A file of a controller of version 1; None where version 2 has it."""
        for line in Path(f"/proc/{self.number}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                return (CGROUPS / controllers / path[1:] / name).read_text().strip()
        return None

    def _new(self, name: str) -> str:
        lines = Path(f"/proc/{self.number}/cgroup").read_text().splitlines()
        path = next(line.removeprefix("0::/") for line in lines if line.startswith("0::"))
        found = CGROUPS / path / name
        return found.read_text().strip() if found.exists() else ""


def _nodes(folder: Path, shown: str) -> Iterator[tuple[str, tuple[int, int]]]:
    for each in folder.iterdir():
        state = each.lstat()
        if stat.S_ISDIR(state.st_mode):
            if shown == "/dev" and each.name == "shm":
                continue
            yield from _nodes(each, f"{shown}/{each.name}")
        elif stat.S_ISCHR(state.st_mode) or stat.S_ISBLK(state.st_mode):
            yield f"{shown}/{each.name}", (os.major(state.st_rdev), os.minor(state.st_rdev))


def paths_on(host: Process, mount: Mount) -> list[str]:
    """Where on the host that is what a container has mounted: each of its paths there."""
    found = []
    for each in host.mounts:
        if each.device == mount.device and _below(mount.root, each.root):
            rest = mount.root.removeprefix(each.root.rstrip("/"))
            found.append(f"{each.target.rstrip('/')}{rest}".rstrip("/") or "/")
    return found


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
