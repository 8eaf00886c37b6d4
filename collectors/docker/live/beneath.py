"""Which way leads to the host beneath an engine: this machine, SSH, or what a script printed."""

from __future__ import annotations

import shutil
from typing import Final

import msgspec

from auditor.model.enums import Answered
from collectors.docker.host import local, remote
from collectors.docker.host.channel import OFF, REMOTE, Looked, Machine, of_engine
from collectors.docker.host.framing import Printed
from collectors.docker.host.observed import Observed
from collectors.docker.live.address import Address, Way
from collectors.docker.live.connections import ssh_command
from collectors.hosts.seen import Unread

_NOBODY: Final = Unread(Answered.UNREACHABLE, "there is no ssh")


class Beneath(msgspec.Struct, frozen=True):
    """How the host beneath an engine is looked at, if it is ``used``.

    ``printed`` is what the script printed on some hosts, ``root`` is put before every path of this
    machine, and ``seconds`` is how long another one may take.
    """

    used: bool = True
    printed: tuple[Printed, ...] = ()
    root: str = ""
    seconds: float = remote.SECONDS

    def look(self, address: Address, machine: Machine, path: str) -> tuple[Looked, str]:
        """Look at the host of an engine; also what is to be said of how. ``path`` is PATH."""
        if not self.used:
            return OFF, ""
        for each in self.printed:
            if (each.seen.host, each.seen.kernel) == (machine.name, machine.kernel):
                return of_engine(
                    each.seen, machine
                ), f"the host was looked at by a script, {each.time}"
        match address.way:
            case Way.UNIX:
                found = of_engine(local.look(self.root, (address.where,)), machine)
                return self._or_of_others(found), ""
            case Way.SSH:
                found = of_engine(self._by_ssh(address.where, path), machine)
                return self._or_of_others(found), ""
            case Way.TLS | Way.TCP | Way.CONTEXT:
                return self._of_others(machine), ""

    def _or_of_others(self, found: Looked) -> Looked:
        """Say of what was printed as well that it is of others, where nothing else is known."""
        if isinstance(found, str) and self.printed:
            return f"{found}; what was printed is of {self._hosts()}"
        return found

    def _by_ssh(self, where: str, path: str) -> Observed | Unread:
        ssh = shutil.which("ssh", path=path)
        if ssh is None:
            return _NOBODY
        found = remote.look(ssh_command(ssh, where, *remote.SHELL), self.seconds)
        return found if isinstance(found, Unread) else found.seen

    def _of_others(self, machine: Machine) -> str:
        """Say why nobody looked, where only the engine is reached."""
        if not self.printed:
            return REMOTE
        return f"the engine runs on {machine.name}, and what was printed is of {self._hosts()}"

    def _hosts(self) -> str:
        """The names of the hosts that a script printed something of."""
        return ", ".join(sorted({each.seen.host for each in self.printed}))
