"""What may be sent to a vCenter: a few methods, each of which only reads."""

from __future__ import annotations

import pytest
from pyVmomi import VmomiSupport

from collectors.http.deadline import Watch
from collectors.http.guard import WriteRefusedError
from collectors.http.transport import Tls
from collectors.vsphere.live.allowlist import METHODS, check
from collectors.vsphere.live.calls import envelope
from collectors.vsphere.live.connections import ACTION, call_pools

VERSION = "urn:vim25/8.0.3.0"
KNOWN = sorted({method for _, method in VmomiSupport._wsdlMethodMap})
ALLOWED = {
    *("RetrieveServiceContent", "Login", "CloneSession", "Logout"),
    *("RetrievePropertiesEx", "ContinueRetrievePropertiesEx", "CancelRetrievePropertiesEx"),
    *("RetrieveAllPermissions", "GetAlarm", "QueryLockdownExceptions", "QueryConfigTarget"),
    *("HostImageConfigGetAcceptance", "QueryConfiguredModuleOptionString"),
}
"""Each retrieves, queries, gets, logs in or out, and changes nothing but our own session."""
BUILT_IN = {None, "System.Anonymous", "System.View", "System.Read"}
"""What the role Read-only has."""


def test_the_list_is_of_methods_that_there_are() -> None:
    assert METHODS.keys() <= set(KNOWN)
    assert METHODS.keys() == ALLOWED
    assert not any(method.endswith("_Task") for method in METHODS)


def test_no_method_on_the_list_takes_more_than_it_reads() -> None:
    """By the privileges that pyVmomi says each takes: none is one to work with keys or machines."""
    taken = {name: VmomiSupport.GetWsdlMethod("urn:vim25", name).info.privId for name in METHODS}
    assert {name: privilege for name, privilege in taken.items() if privilege not in BUILT_IN} == {
        "QueryLockdownExceptions": "Global.Settings",
        "QueryConfiguredModuleOptionString": "Host.Config.Settings",
    }


def test_every_other_method_is_refused() -> None:
    """All that the API has, by the types that pyVmomi knows."""
    assert len(KNOWN) > 1000
    for method in sorted(set(KNOWN) - METHODS.keys()):
        with pytest.raises(WriteRefusedError, match=f"^refused before it was sent: {method}$"):
            check(envelope(method, ""), VERSION)


def test_a_method_that_reads_is_let_through() -> None:
    for method in METHODS:
        check(envelope(method, "<a>b</a>"), VERSION)


OPEN = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
READ = '<Logout xmlns="urn:vim25"/>'
WRITE = '<Destroy_Task xmlns="urn:vim25"/>'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{OPEN}<e:Body>{READ}{WRITE}</e:Body></e:Envelope>", id="two calls"),
        pytest.param(
            f"{OPEN}<e:Body>{READ}</e:Body><e:Body>{WRITE}</e:Body></e:Envelope>", id="two bodies"
        ),
        pytest.param(
            f"{OPEN}<e:Header>{READ}</e:Header><e:Body>{WRITE}</e:Body></e:Envelope>", id="a header"
        ),
        pytest.param(f"{OPEN}<e:Body></e:Body></e:Envelope>", id="no call"),
        pytest.param(f"{OPEN}<e:Body><Logout/></e:Body></e:Envelope>", id="of no namespace"),
        pytest.param(
            f'{OPEN}<e:Body><Logout xmlns="urn:sms"/></e:Body></e:Envelope>', id="of another API"
        ),
        pytest.param(f"<Body>{READ}</Body>", id="no envelope"),
        pytest.param(f"<!DOCTYPE a>{OPEN}<e:Body>{READ}</e:Body></e:Envelope>", id="a declaration"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_not_one_call_is_refused(body: str) -> None:
    with pytest.raises(WriteRefusedError):
        check(body.encode(), VERSION)


def test_a_stream_is_refused() -> None:
    with pytest.raises(WriteRefusedError):
        check(iter([envelope("Logout", "")]), VERSION)


@pytest.mark.parametrize("action", ["", "urn:vim25/", "urn:sms/8.0.0.0", "urn:vim25/8\r\nx: y"])
def test_another_action_is_refused(action: str) -> None:
    with pytest.raises(WriteRefusedError):
        check(envelope("Logout", ""), action)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/sdk", envelope("PowerOffVM_Task", "")),
        ("POST", "/sdk/", envelope("Logout", "")),
        ("POST", "/sdk", None),
        ("GET", "/sdk", None),
        ("GET", "/folder/machine/disk.vmdk", None),
        ("PUT", "/folder/machine/disk.vmdk", b"x"),
        ("DELETE", "/api/vcenter/vm/vm-1", None),
    ],
)
def test_nothing_else_leaves_the_process(method: str, path: str, body: bytes | None) -> None:
    """No connection is even opened: nobody listens there, and it would say so."""
    server = "https://127.0.0.1:1"
    pools = call_pools(server, Tls(), Watch())
    with pytest.raises(WriteRefusedError):
        pools.request(method, server + path, body=body, headers={ACTION: VERSION})


def test_a_connection_is_not_used_past_the_guard() -> None:
    pools = call_pools("https://127.0.0.1:1", Tls(), Watch())
    connection = pools.connection_from_url("https://127.0.0.1:1/sdk")._new_conn()
    with pytest.raises(WriteRefusedError):
        connection.putrequest("POST", "/sdk")
