"""What no view tells: methods of managers, several at once, and each may fail by itself."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auditor.model.enums import GapCause
from collectors.http.patience import Patience
from tests.faults.server import Asked, Handler, Reply, Server, serving
from tests.faults.test_vsphere_faults import body, resources
from tests.faults.vcenters import (
    CONTENT,
    HOST,
    Authority,
    Vcenter,
    collector,
    fault,
    lost,
    on,
    read,
    returned,
)

LOCKDOWN = "vsphere/LockdownExceptions"
MODULE = "vsphere/HostModule"
CERTIFICATE = "vsphere/HostCertificate"
ALARMS = "vsphere/Alarms"
MANAGERS = (
    ("hostAccessManager", "HostAccessManager"),
    ("kernelModuleSystem", "HostKernelModuleSystem"),
    ("certificateManager", "HostCertificateManager"),
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def running(authority: Authority) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
            return stack.enter_context(serving(handler, tls or authority.context()))

        yield start


def host(name: str) -> Mapping[str, str]:
    """A host, with managers of its own."""
    managers = {
        f"configManager.{field}": f'<val type="{kind}" xsi:type="ManagedObjectReference">'
        f"{kind}-{name}</val>"
        for field, kind in MANAGERS
    }
    return {**HOST, **managers}


def exceptions(*names: str) -> Reply:
    """Who is exempt from lockdown."""
    inner = "".join(f"<returnval>{name}</returnval>" for name in names)
    return returned("QueryLockdownExceptions", inner)


def vcenter(*names: str, **more: Any) -> Vcenter:
    """Hosts on which an account called as each may come in past the lockdown."""
    told = {
        f"QueryLockdownExceptions HostAccessManager-{name}": exceptions(f"of-{name}")
        for name in names
    }
    return Vcenter(objects={"HostSystem": {name: host(name) for name in names}}, told=told, **more)


HOSTS = tuple(f"h{number:02}" for number in range(12))


def test_each_host_is_asked(running: Any, authority: Authority, tmp_path: Path) -> None:
    """In the order of the hosts, whoever was first to answer."""
    server = vcenter(*HOSTS)
    entry, judged = read(
        collector(running(server), authority.file), tmp_path, frozenset({LOCKDOWN})
    )
    assert entry.gaps == ()
    assert [each.name for each in resources(judged)] == list(HOSTS)
    assert body(judged, "h03") == {
        "moid": "HostSystem-h03",
        "name": "h03",
        "path": "/HostSystem-h03",
        "exceptions": ["of-h03"],
    }
    assert server.called.count("QueryLockdownExceptions") == len(HOSTS)
    assert (server.sessions, server.called[-1]) == (0, "Logout")


def test_nobody_is_exempt(running: Any, authority: Authority, tmp_path: Path) -> None:
    """An empty list, which is not the same as none that was read."""
    server = vcenter("h1")
    server.told["QueryLockdownExceptions HostAccessManager-h1"] = exceptions()
    _, judged = read(collector(running(server), authority.file), tmp_path, frozenset({LOCKDOWN}))
    assert body(judged, "h1")["exceptions"] == []


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("NoPermission", GapCause.DENIED),
        ("HostNotConnected", GapCause.UNREACHABLE),
        ("NotSupported", GapCause.UNSUPPORTED),
        ("SomethingNew", GapCause.MALFORMED),
    ],
)
def test_one_that_is_refused(
    running: Any, authority: Authority, tmp_path: Path, name: str, cause: GapCause
) -> None:
    """It is a gap of that kind and that host alone."""
    server = vcenter(*HOSTS)
    server.told["QueryLockdownExceptions HostAccessManager-h03"] = fault(name, "so it is")
    entry, judged = read(
        collector(running(server), authority.file), tmp_path, frozenset({LOCKDOWN})
    )
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (LOCKDOWN, cause)
    assert gap.detail.startswith(
        f"HostAccessManager.QueryLockdownExceptions of HostSystem-h03: {name}"
    )
    assert [each.name for each in resources(judged)] == [each for each in HOSTS if each != "h03"]


def test_one_that_hangs(running: Any, authority: Authority, tmp_path: Path) -> None:
    """Its own time-out, and no longer: the others are read meanwhile."""
    server = vcenter(*HOSTS[:6])
    hangs = Reply(b"<a>", 200, "text/xml", length=100, then="hang")
    server.told["QueryLockdownExceptions HostAccessManager-h03"] = hangs
    live = collector(running(server), authority.file)
    quick = Patience(connect=2.0, read=0.5, total=2.0, attempts=1)
    patient = type(live)(live.address, live.access, live.clock, quick)
    entry, judged = read(patient, tmp_path, frozenset({LOCKDOWN}))
    (gap,) = entry.gaps
    assert gap.cause in {GapCause.TIMEOUT, GapCause.UNREACHABLE}
    assert "HostSystem-h03" in gap.detail
    assert [each.name for each in resources(judged)] == ["h00", "h01", "h02", "h04", "h05"]


def test_a_host_without_the_manager(running: Any, authority: Authority, tmp_path: Path) -> None:
    server = vcenter("h1")
    server.objects["HostSystem"]["h2"] = {"config.product": HOST["config.product"]}
    entry, _ = read(collector(running(server), authority.file), tmp_path, frozenset({LOCKDOWN}))
    (gap,) = entry.gaps
    assert gap.cause is GapCause.UNSUPPORTED
    assert gap.detail.endswith("of HostSystem-h2: it has no configManager.hostAccessManager")


def test_a_session_that_ends_in_the_middle(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    """All that are asked at once notice it, and it is opened once."""
    server = vcenter(*HOSTS)

    def handler(asked: Asked) -> Reply:
        of_the_first = 'c0ffee1"' in asked.headers.get("cookie", "")
        if of_the_first and server.called.count("QueryLockdownExceptions") >= 3:
            server.sessions = 0
            return fault("NotAuthenticated", "The session is not authenticated.")
        return server(asked)

    entry, judged = read(
        collector(running(handler), authority.file), tmp_path, frozenset({LOCKDOWN})
    )
    assert entry.gaps == ()
    assert len(resources(judged)) == len(HOSTS)
    assert server.called.count("Login") == 2


def test_a_host_without_a_driver_of_gpus(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    """There is nothing to judge of it, and nothing missing."""
    server = vcenter("h1", "h2")
    asked = "QueryConfiguredModuleOptionString HostKernelModuleSystem"
    server.told[f"{asked}-h1"] = fault("NotFound", "no such module")
    server.told[f"{asked}-h2"] = returned(
        "QueryConfiguredModuleOptionString", "<returnval>RmPVMRL=0x01</returnval>"
    )
    entry, judged = read(collector(running(server), authority.file), tmp_path, frozenset({MODULE}))
    assert entry.gaps == ()
    assert [each.name for each in resources(judged)] == ["h2"]
    assert body(judged, "h2")["options"] == "RmPVMRL=0x01"


def test_certificates(running: Any, authority: Authority, tmp_path: Path) -> None:
    """A property of a manager: one that may not be read is a gap with the server's reason."""
    server = vcenter("h1", "h2")
    inner = "<issuer>CN=ca</issuer><status>good</status>"
    server.objects["HostCertificateManager"] = {
        "h1": {"certificateInfo": f'<val xsi:type="CertificateInfo">{inner}</val>'},
        "h2": {},
    }
    asked = frozenset({CERTIFICATE})
    entry, judged = read(collector(running(server), authority.file), tmp_path / "a", asked)
    assert entry.gaps == ()
    assert body(judged, "h1")["certificateInfo"] == {"issuer": "CN=ca", "status": "good"}
    assert "certificateInfo" not in body(judged, "h2")
    denied = fault("NoPermission", "denied")
    # the first asks where things are, the second for hosts
    handler = on("RetrievePropertiesEx", server, None, None, denied, None)
    entry, _ = read(collector(running(handler), authority.file), tmp_path / "b", asked)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (CERTIFICATE, GapCause.DENIED)


ALARM = (
    '<val xsi:type="AlarmInfo"><name>{name}</name><enabled>true</enabled>'
    '<expression xsi:type="OrAlarmExpression"><expression xsi:type="EventAlarmExpression">'
    "<eventType>vim25:EventEx</eventType><eventTypeId>a.b</eventTypeId></expression>"
    '<expression xsi:type="EventAlarmExpression"><eventType>vim25:PermissionAddedEvent</eventType>'
    '</expression></expression><entity type="Folder">group-d1</entity></val>'
)
WITH_ALARMS = CONTENT.replace(
    "<rootFolder", '<alarmManager type="AlarmManager">AlarmManager</alarmManager><rootFolder'
)


def alarming() -> Vcenter:
    """Two alarms that are declared at the root."""
    server = vcenter(content=WITH_ALARMS)
    server.objects["Alarm"] = {name: {"info": ALARM.format(name=name)} for name in ("a1", "a2")}
    listed = "".join(f'<returnval type="Alarm">Alarm-{name}</returnval>' for name in ("a1", "a2"))
    server.told["GetAlarm AlarmManager"] = returned("GetAlarm", listed)
    return server


def test_alarms(running: Any, authority: Authority, tmp_path: Path) -> None:
    """By what each is raised: the name of an event, or its type."""
    entry, judged = read(
        collector(running(alarming()), authority.file), tmp_path, frozenset({ALARMS})
    )
    assert entry.gaps == ()
    first, second = body(judged, "alarms")["alarms"]
    assert first == {
        "name": "a1",
        "enabled": True,
        "everywhere": True,
        "events": ["a.b", "PermissionAddedEvent"],
    }
    assert second["name"] == "a2"


def test_an_alarm_that_may_not_be_read(running: Any, authority: Authority, tmp_path: Path) -> None:
    """It may be the one that is missing, so nothing is said of alarms."""
    server = alarming()
    server.withheld["a2"] = lost("info", "NoPermission", "denied")
    entry, judged = read(collector(running(server), authority.file), tmp_path, frozenset({ALARMS}))
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (ALARMS, GapCause.DENIED)
    assert resources(judged) == []


def test_a_single_host_has_neither_alarms_nor_extensions(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    """What only a vCenter has is not missing; what each server has would be."""
    kinds = frozenset({ALARMS, "vsphere/Extension", "vsphere/KeyProvider", "vsphere/Role"})
    live = collector(running(vcenter("h1")), authority.file)
    entry, _ = read(live, tmp_path, kinds)
    assert entry.gaps == ()
    bare = CONTENT.replace(
        '<authorizationManager type="AuthorizationManager">AuthorizationManager'
        "</authorizationManager>",
        "",
    )
    live = collector(running(vcenter("h1", content=bare)), authority.file)
    entry, _ = read(live, tmp_path / "bare", kinds)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == ("vsphere/Role", GapCause.UNSUPPORTED)
