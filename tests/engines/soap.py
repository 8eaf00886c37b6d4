"""A client of the Web Services API that may change things: what tests set a simulator up with."""

from __future__ import annotations

import re
import ssl
import urllib.request
from pathlib import Path

_ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>'
    '<{method} xmlns="urn:vim25">{arguments}</{method}></e:Body></e:Envelope>'
)
_VM = re.compile(r'<obj type="VirtualMachine">([^<]+)</obj>.*?<val[^>]*>([^<]*)</val>', re.DOTALL)


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
        walk = "".join(
            f'<selectSet xsi:type="TraversalSpec"><name>{path}</name><type>{kind}</type>'
            f"<path>{path}</path>{after}</selectSet>"
            for kind, path, after in (
                ("Folder", "childEntity", _names("childEntity", "vmFolder")),
                ("Datacenter", "vmFolder", _names("childEntity")),
            )
        )
        spec = (
            "<specSet><propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet>"
            f'<objectSet><obj type="Folder">group-d1</obj>{walk}</objectSet></specSet><options/>'
        )
        found = self.call("RetrievePropertiesEx", "PropertyCollector", "propertyCollector", spec)
        return {name: identity for identity, name in _VM.findall(found)}

    def reconfigure(self, machine: str, change: str) -> None:
        """Change a machine; the simulator has done so when it answers."""
        self.call("ReconfigVM_Task", "VirtualMachine", machine, f"<spec>{change}</spec>")


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
