"""Saved inventories of our own, written as govc writes them: a numbered file for each object."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

_INSTANCE: Final = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
ADMINISTRATORS: Final = (
    '<Permission><entity type="Folder">group-d1</entity>'
    "<principal>VSPHERE.LOCAL\\Administrators</principal><group>true</group>"
    "<roleId>-1</roleId><propagate>true</propagate></Permission>"
)


def value(kind: str, inner: str = "") -> str:
    """A property of a type of the API."""
    return f'<val {_INSTANCE} i:type="{kind}">{inner}</val>'


def text(words: str) -> str:
    """A property that is a text."""
    return value("xsd:string", escape(words))


def refer(kind: str, identity: str) -> str:
    """A property that is another object."""
    return f'<val type="{kind}" {_INSTANCE} i:type="ManagedObjectReference">{identity}</val>'


def several(*others: tuple[str, str]) -> str:
    """A property that is several other objects."""
    inner = "".join(
        f'<ManagedObjectReference type="{kind}">{identity}</ManagedObjectReference>'
        for kind, identity in others
    )
    return value("ArrayOfManagedObjectReference", inner)


def options(values: Mapping[str, str], name: str = "OptionValue") -> str:
    """Keys and values, each an element of a name."""
    return "".join(
        f"<{name}><key>{escape(key)}</key>"
        f'<value {_INSTANCE} i:type="xsd:string">{escape(each)}</value></{name}>'
        for key, each in values.items()
    )


class Saved:
    """A folder that objects are put into; the objects that hold others come with it.

    One datacenter ``A`` with a folder of machines for each of ``teams``, one cluster ``gpu`` with
    a pool, the roles of a server, and its settings.
    """

    def __init__(
        self, folder: Path, *, teams: tuple[str, ...] = ("team-a", "team-b"), api: str = "8.0.3.0"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._api = api
        self._teams = teams
        self._machines: dict[str, list[str]] = {team: [] for team in ("", *teams)}
        self._hosts: list[str] = []
        self._rest: list[tuple[str, str, dict[str, str]]] = []

    def machine(self, identity: str, name: str, config: str, team: str = "", **more: str) -> None:
        """Add a machine in the folder of a team; ``more`` are further properties."""
        self._machines[team].append(identity)
        parent = f"group-{team}" if team else "group-v3"
        values = {"config": value("VirtualMachineConfigInfo", config), **more}
        self.put("VirtualMachine", identity, name, ("Folder", parent), **values)

    def host(self, identity: str, name: str, config: str, **more: str) -> None:
        """Add a host of the cluster."""
        self._hosts.append(identity)
        values = {"config": value("HostConfigInfo", config), **more}
        self.put("HostSystem", identity, name, ("ClusterComputeResource", "domain-c7"), **values)

    def put(
        self, kind: str, identity: str, name: str, parent: tuple[str, str] | None, **values: str
    ) -> None:
        """Add any object."""
        known = {"name": text(name)} if name else {}
        if parent is not None:
            known["parent"] = refer(*parent)
        self._rest.append((kind, identity, {**known, **values}))

    def write(self) -> Path:
        """Write all of it, and say where."""
        for number, (kind, identity, values) in enumerate([*self._outer(), *self._rest]):
            file = self.folder / f"{number:04}-{kind}-{identity}.xml"
            file.write_text(written(kind, identity, values))
        return self.folder

    def _outer(self) -> list[tuple[str, str, dict[str, str]]]:
        folders = [("Folder", f"group-{team}") for team in self._teams]
        loose = [("VirtualMachine", each) for each in self._machines[""]]
        content = value(
            "ServiceContent",
            '<rootFolder type="Folder">group-d1</rootFolder>'
            f"<about><apiVersion>{self._api}</apiVersion><instanceUuid>u-1</instanceUuid></about>"
            '<setting type="OptionManager">VpxSettings</setting>'
            '<authorizationManager type="AuthorizationManager">Auth</authorizationManager>',
        )
        role = "<roleId>-1</roleId><system>true</system><name>Admin</name>"
        roles = value("ArrayOfAuthorizationRole", f"<AuthorizationRole>{role}</AuthorizationRole>")
        settings = value("ArrayOfOptionValue", options({"event.maxAge": "30"}))
        return [
            ("ServiceInstance", "ServiceInstance", {"content": content}),
            (
                *("Folder", "group-d1"),
                {
                    "name": text("Datacenters"),
                    "childEntity": several(("Datacenter", "datacenter-2")),
                    "permission": value("ArrayOfPermission", ADMINISTRATORS),
                },
            ),
            ("OptionManager", "VpxSettings", {"setting": settings}),
            ("AuthorizationManager", "Auth", {"roleList": roles}),
            (
                *("Datacenter", "datacenter-2"),
                {
                    "name": text("A"),
                    "parent": refer("Folder", "group-d1"),
                    "vmFolder": refer("Folder", "group-v3"),
                    "hostFolder": refer("Folder", "group-h4"),
                },
            ),
            (
                *("Folder", "group-v3"),
                {
                    "name": text("vm"),
                    "parent": refer("Datacenter", "datacenter-2"),
                    "childEntity": several(*folders, *loose),
                },
            ),
            *(self._team(team) for team in self._teams),
            (
                *("Folder", "group-h4"),
                {
                    "name": text("host"),
                    "parent": refer("Datacenter", "datacenter-2"),
                    "childEntity": several(("ClusterComputeResource", "domain-c7")),
                },
            ),
            (
                *("ClusterComputeResource", "domain-c7"),
                {
                    "name": text("gpu"),
                    "parent": refer("Folder", "group-h4"),
                    "host": several(*(("HostSystem", each) for each in self._hosts)),
                    "resourcePool": refer("ResourcePool", "resgroup-8"),
                },
            ),
            (
                *("ResourcePool", "resgroup-8"),
                {
                    "name": text("Resources"),
                    "parent": refer("ClusterComputeResource", "domain-c7"),
                },
            ),
        ]

    def _team(self, team: str) -> tuple[str, str, dict[str, str]]:
        machines = [("VirtualMachine", each) for each in self._machines[team]]
        values = {
            "name": text(team),
            "parent": refer("Folder", "group-v3"),
            "childEntity": several(*machines),
        }
        return "Folder", f"group-{team}", values


def written(kind: str, identity: str, values: Mapping[str, str]) -> str:
    """The file of one object."""
    inner = "\n".join(
        f"<propSet><name>{name}</name>{each}</propSet>" for name, each in values.items()
    )
    return (
        f'<ObjectContent>\n<obj type="{kind}">{escape(identity)}</obj>\n{inner}\n</ObjectContent>\n'
    )
