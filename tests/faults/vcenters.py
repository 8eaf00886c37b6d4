"""vCenters that a server of our own plays, over TLS on the loopback."""

from __future__ import annotations

import base64
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import trustme

from auditor.evidence.blocks import BlockReader
from auditor.evidence.layout import BODIES
from auditor.evidence.writing import FolderSink
from auditor.model.evidence import TargetEntry
from collectors.vsphere.live.address import parse_address
from collectors.vsphere.live.answers import AnswersCollector
from collectors.vsphere.live.collector import VsphereCollector
from collectors.vsphere.live.session import Access
from tests.faults.clusters import QUICK, Waits
from tests.faults.server import Asked, Handler, Reply, Server

PASSWORD = "p4ss-word-of-audit-17"  # noqa: S105 - of a server of our own
KINDS = frozenset({"vsphere/VirtualMachine", "vsphere/Host"})
_METHOD: Final = re.compile(rb'<e:Body><([A-Za-z]+) xmlns="urn:vim25">')
_TYPE: Final = re.compile(rb"<propSet><type>([A-Za-z]+)</type>")
_COUNT: Final = re.compile(rb"<maxObjects>([0-9]+)</maxObjects>")
_TOKEN: Final = re.compile(rb"<token>([A-Za-z]+)-([0-9]+)-([0-9]+)</token>")
_MANAGER: Final = re.compile(rb'<obj type="(AuthorizationManager|OptionManager|SessionManager)">')
_THIS: Final = re.compile(rb'<_this type="[A-Za-z]+">([^<]+)</_this>')
_PATHS: Final = re.compile(rb"<pathSet>([A-Za-z0-9.]+)</pathSet>")
_LOST: Final = re.compile(r"<missingSet><path>([A-Za-z0-9.]+)</path>.*?</missingSet>")
_OBJECT: Final = re.compile(rb'<obj type="([A-Za-z]+)">([^<]+)</obj>')
CATEGORY_ID: Final = "urn:vmomi:InventoryServiceCategory:"
TAG_ID: Final = "urn:vmomi:InventoryServiceTag:"
REST_KEY: Final = "7e57-5e55-10n0-f7he"
KEY: Final = "c0ffee" * 7
SESSION: Final = "<key>k</key><userName>CORP\\audit</userName>"
CONTENT: Final = """<returnval>
<rootFolder type="Folder">group-d1</rootFolder>
<propertyCollector type="PropertyCollector">propertyCollector</propertyCollector>
<setting type="OptionManager">VpxSettings</setting>
<sessionManager type="SessionManager">SessionManager</sessionManager>
<authorizationManager type="AuthorizationManager">AuthorizationManager</authorizationManager>
<about><fullName>VMware vCenter Server 8.0.3 build-1</fullName><apiVersion>8.0.3.0</apiVersion>
<apiType>VirtualCenter</apiType><instanceUuid>{uid}</instanceUuid></about></returnval>"""
MACHINE: Final[Mapping[str, str]] = {
    "config.uuid": '<val xsi:type="xsd:string">4211</val>',
    "config.flags": '<val xsi:type="Flags"><enableLogging>true</enableLogging></val>',
    "config.migrateEncryption": '<val xsi:type="xsd:string">required</val>',
}
_MANAGERS: Final = (
    ("hostAccessManager", "HostAccessManager"),
    ("imageConfigManager", "HostImageConfigManager"),
    ("kernelModuleSystem", "HostKernelModuleSystem"),
    ("certificateManager", "HostCertificateManager"),
)
HOST: Final[Mapping[str, str]] = {
    **{
        f"configManager.{field}": f'<val type="{kind}" xsi:type="ManagedObjectReference">any</val>'
        for field, kind in _MANAGERS
    },
    "config.product": '<val xsi:type="AboutInfo"><version>8.0.3</version></val>',
    "config.lockdownMode": '<val xsi:type="xsd:string">lockdownNormal</val>',
}


def reply(inner: str, code: int = 200, **more: str) -> Reply:
    """An answer in an envelope."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )
    return Reply(text.encode(), code, "text/xml", more)


def fault(name: str, message: str = "", inner: str = "") -> Reply:
    """A call that went wrong."""
    detail = f'<{name}Fault xmlns="urn:vim25" xsi:type="{name}">{inner}</{name}Fault>'
    return reply(
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode>"
        f"<faultstring>{message}</faultstring><detail>{detail}</detail></soapenv:Fault>",
        500,
    )


def returned(method: str, inner: str) -> Reply:
    """What a method returns."""
    return reply(f'<{method}Response xmlns="urn:vim25">{inner}</{method}Response>')


def value(given: object) -> Reply:
    """An answer of the REST API."""
    return Reply(json.dumps({"value": given}).encode())


def options(values: Mapping[str, str]) -> str:
    """A list of keys and values."""
    inner = "".join(
        f'<OptionValue><key>{key}</key><value xsi:type="xsd:string">{value}</value></OptionValue>'
        for key, value in values.items()
    )
    return f'<val xsi:type="ArrayOfOptionValue">{inner}</val>'


def lost(path: str, name: str, message: str = "") -> str:
    """A property that is not given."""
    said = f"<localizedMessage>{message}</localizedMessage>"
    return (
        f"<missingSet><path>{path}</path><fault>"
        f'<fault xsi:type="{name}"/>{said}</fault></missingSet>'
    )


def _told(method: str) -> Reply:
    """What managers tell where a test says nothing of them."""
    match method:
        case "QueryLockdownExceptions":
            return returned(method, "")
        case "HostImageConfigGetAcceptance":
            return returned(method, "<returnval>partner</returnval>")
        case "QueryConfiguredModuleOptionString":
            return fault("NotFound", "there is no such module")
    return fault("NotSupported")


@dataclass(slots=True)
class Vcenter:
    """How one vCenter answers.

    ``objects`` are machines and hosts by their types and names, each with its properties, and
    ``withheld`` what stands beside those. ``refused`` are kinds of the API that may not be read.
    ``held`` is the cookie of a session that somebody opened, ``ticket`` one for another beside it.
    ``told`` is what methods of managers answer, by the method and the identity.
    ``tags`` are by category and name what machines they are on, told by the REST API; ``rest`` is
    what else that answers, by the end of a path, and ``entered`` what it was asked, in order.
    ``retrieved`` answers for objects in the place of all that, by the method and the body.
    ``asked`` are the properties that were wanted last, by the type.
    ``sessions`` counts those that are open, ``called`` is every method, in order.
    """

    uid: str = "aaaa-bbbb"
    objects: dict[str, dict[str, Mapping[str, str]]] = field(
        default_factory=lambda: {
            "VirtualMachine": {"one": MACHINE, "two": MACHINE},
            "HostSystem": {"h1": HOST},
        }
    )
    withheld: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    page: int = 1000
    content: str = CONTENT
    told: dict[str, Reply] = field(default_factory=dict)
    held: str = ""
    ticket: str = ""
    asked: dict[str, set[str]] = field(default_factory=dict)
    tags: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    rest: dict[str, Reply] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    retrieved: Callable[[str, bytes], Reply] | None = None
    sessions: int = 0
    called: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        """Answer a call."""
        if asked.path.startswith("/rest/"):
            return self._rest(asked)
        found = _METHOD.search(asked.body)
        method = found[1].decode() if found else ""
        self.called.append(method)
        if method == "RetrieveServiceContent":
            return returned(method, self.content.format(uid=self.uid))
        if method == "Login":
            return self._login(asked)
        if method == "CloneSession":
            return self._cloned(asked)
        cookie = asked.headers.get("cookie", "")
        if f'vmware_soap_session="{self.held or KEY}' not in cookie:
            return fault("NotAuthenticated", "The session is not authenticated.")
        match method:
            case "Logout":
                self.sessions -= 1
                return returned(method, "")
            case "RetrieveAllPermissions":
                return self._permissions(method)
            case "RetrievePropertiesEx" | "ContinueRetrievePropertiesEx":
                answer = self.retrieved or self._retrieve
                return answer(method, asked.body)
            case _:
                this = _THIS.search(asked.body)
                identity = this[1].decode() if this is not None else ""
                return self.told.get(f"{method} {identity}") or _told(method)

    def _rest(self, asked: Asked) -> Reply:
        """The API that tells of tags, as far as that goes."""
        path = asked.path.removeprefix("/rest/com/vmware/cis/")
        self.entered.append(f"{asked.method} {path}")
        given = next((self.rest[end] for end in self.rest if path.endswith(end)), None)
        if given is not None:
            return given
        if path == "session" and asked.method == "POST":
            basic = base64.b64encode(f"audit:{PASSWORD}".encode()).decode()
            if asked.headers.get("authorization") != f"Basic {basic}":
                return Reply(b"{}", 401)
            return value(REST_KEY)
        if asked.headers.get("vmware-api-session-id") != REST_KEY:
            return Reply(b"{}", 401)
        kind, _, identity = path.removeprefix("tagging/").partition("/id:")
        listed = {f"{TAG_ID}{number}:GLOBAL": each for number, each in enumerate(self.tags)}
        names = {f"{CATEGORY_ID}{each[0]}:GLOBAL": each[0] for each in self.tags}
        match kind:
            case "category":
                return value({"name": names[identity]} if identity else [*names])
            case "tag" if identity:
                category, name = listed[identity]
                return value({"name": name, "category_id": f"{CATEGORY_ID}{category}:GLOBAL"})
            case "tag":
                return value([*listed])
            case "tag-association":
                wanted = json.loads(asked.body)["tag_ids"]
                return value(
                    [
                        {
                            "tag_id": each,
                            "object_ids": [
                                {"type": "VirtualMachine", "id": f"VirtualMachine-{name}"}
                                for name in self.tags[listed[each]]
                            ],
                        }
                        for each in wanted
                    ]
                )
        return value(None)

    def _login(self, asked: Asked) -> Reply:
        if f"<password>{PASSWORD}</password>".encode() not in asked.body:
            return fault("InvalidLogin", "Cannot complete login due to an incorrect user name.")
        return self._opened("Login")

    def _cloned(self, asked: Asked) -> Reply:
        if f"<cloneTicket>{self.ticket or 'none'}</cloneTicket>".encode() not in asked.body:
            return fault("InvalidLogin", "Cannot complete login due to an incorrect user name.")
        self.ticket = ""
        return self._opened("CloneSession")

    def _opened(self, method: str) -> Reply:
        self.sessions += 1
        answer = returned(method, f"<returnval>{SESSION}</returnval>")
        key = f"{KEY}{self.called.count(method)}"
        cookie = {"set-cookie": f'vmware_soap_session="{key}"; Path=/; HttpOnly; Secure;'}
        return Reply(answer.body, 200, "text/xml", cookie)

    def _permissions(self, method: str) -> Reply:
        if "Permission" in self.refused:
            return fault("NoPermission", "Permission to perform this operation was denied.")
        one = '<entity type="Folder">group-d1</entity><principal>CORP\\admins</principal>'
        rest = "<group>true</group><roleId>-1</roleId><propagate>true</propagate>"
        return returned(method, f"<returnval>{one}{rest}</returnval>")

    def _retrieve(self, method: str, body: bytes) -> Reply:
        token, manager = _TOKEN.search(body), _MANAGER.search(body)
        if manager is not None:
            return returned(method, self._manager(manager[1].decode()))
        if token is not None:
            kind, start, count = token[1].decode(), int(token[2]), int(token[3])
        else:
            asked, size = _TYPE.search(body), _COUNT.search(body)
            kind = asked[1].decode() if asked is not None else ""
            self.asked[kind] = {each.decode() for each in _PATHS.findall(body)}
            start, count = 0, min(self.page, int(size[1]) if size is not None else 1000)
        if kind in self.refused:
            return fault("NoPermission", "Permission to perform this operation was denied.")
        everything = [*self.objects.get(kind, {}).items()]
        single = {name.decode() for _, name in _OBJECT.findall(body)}
        if single and not any(each.startswith("group-") for each in single):
            everything = [each for each in everything if f"{kind}-{each[0]}" in single]
        here = everything[start : start + count]
        inner = "".join(self._object(kind, name, values) for name, values in here)
        more = start + count < len(everything)
        following = f"<token>{kind}-{start + count}-{count}</token>" if more else ""
        return returned(method, f"<returnval>{following}{inner}</returnval>" if here else "")

    def _manager(self, kind: str) -> str:
        if kind == "AuthorizationManager":
            role = "<roleId>-1</roleId><system>true</system><name>Admin</name>"
            value = f"<AuthorizationRole>{role}</AuthorizationRole>"
            values = {"roleList": f'<val xsi:type="ArrayOfAuthorizationRole">{value}</val>'}
        elif kind == "SessionManager":
            values = {"currentSession": f'<val xsi:type="UserSession">{SESSION}</val>'}
        else:
            values = {"setting": options({"event.maxAge": "30"})}
        return f"<returnval>{self._object(kind, kind, values)}</returnval>"

    def _object(self, kind: str, name: str, values: Mapping[str, str]) -> str:
        named = {"name": f'<val xsi:type="xsd:string">{name}</val>', **values}
        asked = self.asked.get(kind, named.keys())
        given = "".join(
            f"<propSet><name>{path}</name>{value}</propSet>"
            for path, value in named.items()
            if path in asked
        )
        withheld = _LOST.finditer(self.withheld.get(name, ""))
        missing = "".join(each[0] for each in withheld if each[1] in asked)
        return f'<objects><obj type="{kind}">{kind}-{name}</obj>{given}{missing}</objects>'


@dataclass(slots=True)
class Authority:
    """A CA of our own, with its file."""

    folder: Path
    made: trustme.CA = field(default_factory=trustme.CA)

    @property
    def file(self) -> Path:
        """Its certificate."""
        path = self.folder / "vcenter-ca.pem"
        self.made.cert_pem.write_to_path(path)
        return path

    def context(self, *names: str, **options: object) -> ssl.SSLContext:
        """How a server presents itself."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        chosen = names or ("127.0.0.1",)
        self.made.issue_cert(*chosen, **options).configure_cert(context)  # type: ignore[arg-type]  # of trustme
        return context


def collector(
    server: Server, authority: Path | None, chosen: str = "", **access: object
) -> VsphereCollector:
    """What reads a server, with a clock that does not wait."""
    address = parse_address(f"vsphere://audit@127.0.0.1:{server.port}/{chosen}")
    given = {"password": PASSWORD, "authority": str(authority or ""), **access}
    made = Access(**given)  # type: ignore[arg-type]  # of what the test names
    return VsphereCollector(address, made, Waits().clock(), QUICK)


def read(
    live: VsphereCollector, folder: Path, kinds: frozenset[str] = KINDS
) -> tuple[TargetEntry, AnswersCollector]:
    """Read a server into a folder, and what judges it from there."""
    sink = FolderSink(folder, 0, folder)
    entry = live.collect(kinds, sink, lambda *_: None)
    return entry, AnswersCollector(entry, BlockReader(folder / BODIES), sink.close())


def on(method: str, vcenter: Vcenter, *replies: Reply | None) -> Handler:
    """Answer a method with these, the last for ever; None is what the vCenter says."""
    left = list(replies)

    def handler(asked: Asked) -> Reply:
        if f"<{method} ".encode() not in asked.body:
            return vcenter(asked)
        said = left.pop(0) if len(left) > 1 else left[0]
        return said or vcenter(asked)

    return handler
