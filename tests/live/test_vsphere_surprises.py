"""What a vCenter does otherwise than one would guess, asked of the simulator over its own API."""

from __future__ import annotations

import json
import ssl

import pytest
from pyVmomi import SoapStubAdapter, vim

from tests.e2e.command import auditor
from tests.engines.soap import device
from tests.engines.vcsim import PASSWORD, USER, Vcsim
from tests.live.test_vsphere import PROFILE, failing

COPY = "isolation.tools.copy.disable"
ALLOWED = "vsphere-vm-console-copy-allowed"


def typed(key: str, kind: str, value: str) -> str:
    """One configuration parameter of a type."""
    return (
        f'<extraConfig><key>{key}</key><value xsi:type="xsd:{kind}">{value}</value></extraConfig>'
    )


@pytest.mark.parametrize(
    ("kind", "value", "fails"),
    [("boolean", "false", True), ("boolean", "true", False), ("string", "FALSE", True)],
)
def test_parameters_come_with_types(vcsim: Vcsim, kind: str, value: str, *, fails: bool) -> None:
    """What is true or false is so, whether the server says it as a text or not."""
    administrator = vcsim.administrator()
    name, identity = min(administrator.machines().items())
    administrator.reconfigure(identity, typed(COPY, kind, value))
    results = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json").results()
    assert failing(results, ALLOWED) == ([name] if fails else [])


@pytest.mark.parametrize(("kind", "value"), [("int", "11"), ("double", "11.0"), ("long", "11")])
def test_numbers_come_with_types(vcsim: Vcsim, kind: str, value: str) -> None:
    """They are numbers to a rule, or it has no verdict: they pass in no case."""
    administrator = vcsim.administrator()
    name, identity = min(administrator.machines().items())
    administrator.reconfigure(identity, typed("log.keepOld", kind, value))
    ran = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json", "--all")
    (verdict,) = (
        each["verdict"]
        for each in ran.results()["findings"]
        if (each["rule"], each["resource"]["name"]) == ("vsphere-vm-log-count", name)
    )
    assert verdict in {"fail", "unknown"}


def test_keys_differ_by_case(vcsim: Vcsim) -> None:
    """A machine reads them without regard to it; so an open one is not hidden by another."""
    administrator = vcsim.administrator()
    name, identity = min(administrator.machines().items())
    given = typed(COPY, "string", "TRUE") + typed(COPY.title(), "string", "FALSE")
    administrator.reconfigure(identity, given)
    ran = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json", "--all")
    (verdict,) = (
        each["verdict"]
        for each in ran.results()["findings"]
        if (each["rule"], each["resource"]["name"]) == (ALLOWED, name)
    )
    assert verdict in {"fail", "unknown"}


def test_an_empty_value_removes(vcsim: Vcsim) -> None:
    administrator = vcsim.administrator()
    name, identity = min(administrator.machines().items())
    scan = ("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json")
    administrator.reconfigure(identity, typed(COPY, "string", "FALSE"))
    assert failing(auditor(*scan).results(), ALLOWED) == [name]
    administrator.reconfigure(identity, typed(COPY, "string", ""))
    assert failing(auditor(*scan).results(), ALLOWED) == []


def test_a_newer_backing_comes_as_what_it_is_derived_of(vcsim: Vcsim) -> None:
    """It has no field then that says which device it is, and is a device all the same."""
    name, identity = min(vcsim.administrator().machines().items())
    address, _, port = vcsim.address.partition(":")
    trusted = ssl.create_default_context(cafile=str(vcsim.authority))
    stub = SoapStubAdapter(address, int(port), version="vim.version.version11", sslContext=trusted)
    content = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
    content.sessionManager.Login(USER, PASSWORD, None)
    through = vim.vm.device.VirtualPCIPassthrough
    backing = through.DynamicBackingInfo(deviceName="", allowedDevice=[], customLabel="gpu")
    change = vim.vm.device.VirtualDeviceSpec(
        operation="add", device=through(key=-1, backing=backing)
    )
    vim.VirtualMachine(identity, stub).ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change]))
    content.sessionManager.Logout()
    stub.DropConnections()
    ran = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json")
    assert failing(ran.results(), "vsphere-vm-passthrough-not-approved") == [name]


@pytest.mark.parametrize(("vendor", "devices"), [(0x10DE, 1), (0x8086 - 0x10000, 0)])
def test_numbers_of_makers_are_signed(vcsim: Vcsim, vendor: int, devices: int) -> None:
    """NVIDIA's is below 0x8000; of those above, as Intel's, what is sent is negative."""
    administrator = vcsim.administrator()
    identity = min(administrator.machines().items())[1]
    inner = (
        '<backing xsi:type="VirtualPCIPassthroughDeviceBackingInfo"><deviceName/>'
        "<id>0000:af:00.0</id><deviceId>2330</deviceId><systemId>s</systemId>"
        f"<vendorId>{vendor}</vendorId></backing>"
    )
    administrator.reconfigure(identity, device("VirtualPCIPassthrough", inner))
    ran = auditor("gpus", vcsim.target, *vcsim.options, "--format", "json")
    assert len(json.loads(ran.out)["devices"]) == devices
