"""A client of the Web Services API that may change things: what tests set a simulator up with."""

from __future__ import annotations

import base64
import json
import re
import ssl
import urllib.request
from pathlib import Path
from typing import Any

_ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>'
    '<{method} xmlns="urn:vim25">{arguments}</{method}></e:Body></e:Envelope>'
)
_FOLDERS = ("vmFolder", "hostFolder", "networkFolder")


class Soap:
    """One session; ``cookie`` is what identifies it."""

    def __init__(self, address: str, authority: Path, user: str, password: str) -> None:
        self._url = f"https://{address}/sdk"
        self._context = ssl.create_default_context(cafile=str(authority))
        self.cookie = ""
        login = f"<userName>{user}</userName><password>{password}</password>"
        self.call("Login", "SessionManager", "SessionManager", login)

    def call(self, method: str, kind: str, identity: str, arguments: str = "") -> str:
        """Call a method of an object, and return the answer as it is."""
        this = f'<_this type="{kind}">{identity}</_this>'
        body = _ENVELOPE.format(method=method, arguments=this + arguments).encode()
        request = urllib.request.Request(self._url, body)  # noqa: S310 - https, made above
        request.add_header("content-type", "text/xml")
        request.add_header("soapaction", "urn:vim25/8.0.0.0")
        if self.cookie:
            request.add_header("cookie", self.cookie)
        with urllib.request.urlopen(request, context=self._context, timeout=60) as answer:  # noqa: S310 - https
            self.cookie = (answer.headers["set-cookie"] or self.cookie).partition(";")[0]
            return str(answer.read().decode())

    def machines(self) -> dict[str, str]:
        """The identities of all machines, by their names."""
        return {name: identity for identity, name in self._values("VirtualMachine", "name").items()}

    def named(self, kind: str, path: str) -> dict[str, str]:
        """What a property of objects of a type is, by their names."""
        values = self._values(kind, path)
        return {name: values[each] for each, name in self._values(kind, "name").items()}

    def values(self, kind: str, identity: str, path: str) -> str:
        """A property of one object, as it is sent."""
        spec = (
            f"<specSet><propSet><type>{kind}</type><pathSet>{path}</pathSet></propSet>"
            f'<objectSet><obj type="{kind}">{identity}</obj></objectSet></specSet><options/>'
        )
        return self.call("RetrievePropertiesEx", "PropertyCollector", "propertyCollector", spec)

    def _values(self, kind: str, path: str) -> dict[str, str]:
        ways = (
            ("Folder", "childEntity", ("childEntity", *_FOLDERS, "host")),
            *(("Datacenter", each, ("childEntity",)) for each in _FOLDERS),
            ("ComputeResource", "host", ()),
        )
        walk = "".join(
            f'<selectSet xsi:type="TraversalSpec"><name>{way}</name><type>{of}</type>'
            f"<path>{way}</path>{_names(*after)}</selectSet>"
            for of, way, after in ways
        )
        spec = (
            f"<specSet><propSet><type>{kind}</type><pathSet>{path}</pathSet></propSet>"
            f'<objectSet><obj type="Folder">group-d1</obj>{walk}</objectSet></specSet><options/>'
        )
        found = self.call("RetrievePropertiesEx", "PropertyCollector", "propertyCollector", spec)
        one = rf'<obj type="{kind}">([^<]+)</obj>.*?<val[^>]*>([^<]*)</val>'
        return dict(re.findall(one, found, re.DOTALL))

    def reconfigure(self, machine: str, change: str) -> None:
        """Change a machine; the simulator has done so when it answers."""
        self.call("ReconfigVM_Task", "VirtualMachine", machine, f"<spec>{change}</spec>")


class Rest:
    """One session of the REST API, which has what the other one does not: tags."""

    def __init__(self, address: str, authority: Path, user: str, password: str) -> None:
        self._url = f"https://{address}/rest/com/vmware/cis/"
        self._context = ssl.create_default_context(cafile=str(authority))
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._categories: dict[str, str] = {}
        self._headers = {"authorization": f"Basic {basic}"}
        self._headers = {"vmware-api-session-id": self.post("session")}

    def post(self, path: str, body: object = None) -> Any:
        """Ask, and return the value of the answer."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, self._headers)  # noqa: S310 - https
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, context=self._context, timeout=60) as answer:  # noqa: S310 - https
            told = answer.read()
        return json.loads(told)["value"] if told else None

    def tag(self, category: str, name: str, *machines: str) -> None:
        """Make a tag, and its category where that is not there, and put it on machines."""
        if category not in self._categories:
            spec = {"name": category, "description": "", "cardinality": "MULTIPLE"}
            made = self.post("tagging/category", {"create_spec": {**spec, "associable_types": []}})
            self._categories[category] = made
        spec = {"name": name, "description": "", "category_id": self._categories[category]}
        tag = self.post("tagging/tag", {"create_spec": spec})
        for each in machines:
            what = {"object_id": {"type": "VirtualMachine", "id": each}}
            self.post(f"tagging/tag-association/id:{tag}?~action=attach", what)


def option(key: str, value: str) -> str:
    """One configuration parameter."""
    return (
        f'<extraConfig><key>{key}</key><value xsi:type="xsd:string">{value}</value></extraConfig>'
    )


def device(kind: str, inner: str) -> str:
    """One more device."""
    return (
        "<deviceChange><operation>add</operation>"
        f'<device xsi:type="{kind}"><key>-1</key>{inner}</device></deviceChange>'
    )


def _names(*names: str) -> str:
    return "".join(f"<selectSet><name>{name}</name></selectSet>" for name in names)
