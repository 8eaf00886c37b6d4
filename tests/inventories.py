"""Saved inventories of our own, written as govc writes them: a numbered file for each object."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from collectors.vsphere.kinds.kind import Kind
from collectors.vsphere.live.forms import Fields, Form, Items, Nested, Options, Plain, Texts

_INSTANCE: Final = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
ADMINISTRATORS: Final = (
    '<Permission><entity type="Folder">group-d1</entity>'
    "<principal>VSPHERE.LOCAL\\Administrators</principal><group>true</group>"
    "<roleId>-1</roleId><propagate>true</propagate></Permission>"
)
MANAGERS: Final = (
    ("hostAccessManager", "HostAccessManager"),
    ("imageConfigManager", "HostImageConfigManager"),
    ("kernelModuleSystem", "HostKernelModuleSystem"),
    ("certificateManager", "HostCertificateManager"),
)
"""The managers of a host that are asked, by the fields of ``configManager``."""


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
    a pool. ``settings`` and ``roles`` are those of its server, ``permissions`` those at its root,
    ``cluster`` what more there is of the cluster.
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
        self._told: list[tuple[str, str, str]] = []
        self.told("EnvironmentBrowser", "browser-7", "QueryConfigTarget", "<returnval/>")
        self.settings = value("ArrayOfOptionValue", options({"event.maxAge": "30"}))
        role = "<roleId>-1</roleId><system>true</system><name>Admin</name>"
        self.roles = value("ArrayOfX", f"<AuthorizationRole>{role}</AuthorizationRole>")
        self.permissions = value("ArrayOfPermission", ADMINISTRATORS)
        self.cluster: dict[str, str] = {}

    def machine(self, identity: str, name: str, config: str, team: str = "", **more: str) -> None:
        """Add a machine in the folder of a team; ``more`` are further properties."""
        self._machines[team].append(identity)
        parent = f"group-{team}" if team else "group-v3"
        values = {"config": value("VirtualMachineConfigInfo", config), **more}
        self.put("VirtualMachine", identity, name, ("Folder", parent), **values)

    def host(self, identity: str, name: str, config: str, **more: str) -> None:
        """Add a host of the cluster, with what its managers tell."""
        self._hosts.append(identity)
        managers = "".join(
            f'<{field} type="{kind}">{field}-{identity}</{field}>' for field, kind in MANAGERS
        )
        values = {
            "config": value("HostConfigInfo", config),
            "configManager": value("HostConfigManager", managers),
            **more,
        }
        self.put("HostSystem", identity, name, ("ClusterComputeResource", "domain-c7"), **values)
        for field, kind, method, returned in (
            ("hostAccessManager", "HostAccessManager", "QueryLockdownExceptions", ""),
            (
                *("imageConfigManager", "HostImageConfigManager", "HostImageConfigGetAcceptance"),
                "<returnval>partner</returnval>",
            ),
            (
                *("kernelModuleSystem", "HostKernelModuleSystem"),
                *("QueryConfiguredModuleOptionString", "<returnval>RmPVMRL=0x01</returnval>"),
            ),
        ):
            self.told(kind, f"{field}-{identity}", method, returned)
        certificate = value("HostCertificateManagerCertificateInfo", "<status>good</status>")
        manager = f"certificateManager-{identity}"
        self.put("HostCertificateManager", manager, "", None, certificateInfo=certificate)

    def put(
        self, kind: str, identity: str, name: str, parent: tuple[str, str] | None, **values: str
    ) -> None:
        """Add any object."""
        known = {"name": text(name)} if name else {}
        if parent is not None:
            known["parent"] = refer(*parent)
        self._rest.append((kind, identity, {**known, **values}))

    def told(self, kind: str, identity: str, method: str, returned: str) -> None:
        """Add what a method of an object returned."""
        self._told.append((f"{kind}-{identity}", method, returned))

    def write(self) -> Path:
        """Write all of it, and say where."""
        for number, (kind, identity, values) in enumerate([*self._outer(), *self._rest]):
            file = self.folder / f"{number:04}-{kind}-{identity}.xml"
            file.write_text(written(kind, identity, values))
        for folder, method, returned in self._told:
            (self.folder / folder).mkdir(exist_ok=True)
            whole = f"<{method}Response>{returned}</{method}Response>"
            (self.folder / folder / f"{method}.xml").write_text(whole)
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
        return [
            ("ServiceInstance", "ServiceInstance", {"content": content}),
            (
                *("Folder", "group-d1"),
                {
                    "name": text("Datacenters"),
                    "childEntity": several(("Datacenter", "datacenter-2")),
                    "permission": self.permissions,
                },
            ),
            ("OptionManager", "VpxSettings", {"setting": self.settings} if self.settings else {}),
            ("AuthorizationManager", "Auth", {"roleList": self.roles}),
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
                    **self.cluster,
                    "environmentBrowser": refer("EnvironmentBrowser", "browser-7"),
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


class UnreadError(AssertionError):
    """An example has a field that is never read of a server."""


def elements_of(name: str, given: object, form: Form) -> str:
    """Write a value as the elements of a name that the API has for it.

    Raises:
        UnreadError: no form reads it.
    """
    match form, given:
        case Items(fields) | Nested(fields), list():
            return "".join(_object(name, each, fields) for each in given)
        case Texts(), list():
            return "".join(f"<{name}>{escape(each)}</{name}>" for each in given)
        case Options(), dict():
            return options(given, name)
        case Fields(fields), dict():
            return _object(name, given, fields)
        case Plain(), bool():
            return f"<{name}>{str(given).lower()}</{name}>"
        case Plain(), str() | int():
            return f"<{name}>{escape(str(given))}</{name}>"
    raise UnreadError(f"{name} is not read as {given!r}")


def _object(name: str, given: Mapping[str, Any], fields: Mapping[str, Form]) -> str:
    unread = given.keys() - fields.keys()
    if unread:
        raise UnreadError(f"of {name} nothing reads {', '.join(sorted(unread))}")
    typed = fields.get("type") is Plain.TYPE and "type" in given
    kind = f' {_INSTANCE} i:type="{given["type"]}"' if typed else ""
    inner = "".join(
        elements_of(key, each, fields[key])
        for key, each in given.items()
        if fields[key] is not Plain.TYPE
    )
    return f"<{name}{kind}>{inner}</{name}>"


def properties_of(body: Mapping[str, Any], kind: Kind) -> dict[str, str]:
    """Write what is kept of an object as its properties; ``path`` and ``moid`` are not of it.

    Where a list of it is empty its server was reached, so what all of them tell is there as well.

    Raises:
        UnreadError: it has what no property of the kind has.
    """
    forms = _nested(kind)
    given = {name: each for name, each in body.items() if name not in {"path", "moid"}}
    unread = given.keys() - forms.keys()
    if unread:
        raise UnreadError(f"nothing reads {', '.join(sorted(unread))}")
    asked = {each.path for each in kind.properties}
    given = {name: each for name, each in given.items() if each != {} or name in asked}
    if kind.sign and _has_empty(given, Fields(forms)):
        top, *rest = kind.sign.split(".")
        given[top] = _signed(given.get(top, {}), rest, forms[top])
    return {name: _property(each, forms[name]) for name, each in given.items()}


def _property(given: object, form: Form) -> str:
    if isinstance(form, Plain | Fields):
        return elements_of("val", given, form)
    return value("ArrayOf", elements_of("each", given, form))


def _nested(kind: Kind) -> dict[str, Form]:
    """What is read of a kind, each property in the object that it is of."""
    outer: dict[str, Any] = {}
    for each in kind.properties:
        *above, last = each.path.split(".")
        here = outer
        for part in above:
            here = here.setdefault(part, Fields({})).fields
        here[last] = each.form
    return outer


def _has_empty(given: Any, form: Form) -> bool:
    """Whether some list of it is empty, at any depth."""
    match form:
        case Options() | Items() | Texts() | Nested():
            return not given
        case Fields(fields):
            return any(
                _has_empty(each, fields.get(name, Plain.TEXT)) for name, each in given.items()
            )
        case Plain():
            return False


def _signed(given: Any, steps: list[str], form: Form) -> Any:
    if not steps:
        return given
    assert isinstance(form, Fields)
    inner = form.fields[steps[0]]
    known = given.get(steps[0], {} if isinstance(inner, Fields) else "x")
    return {**given, steps[0]: _signed(known, steps[1:], inner)}
