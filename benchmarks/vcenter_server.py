"""A vCenter of many machines, fast enough not to be what is measured.

    python -m benchmarks.vcenter_server MACHINES FOLDER

It writes its CA into the folder, prints its port, and serves until its input ends. Whatever is
asked for of machines, it says all of it, a page at a time: thirteen devices of each, of which two
are as no other machine has them. Of everything else it has nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.faults.server import Asked, Reply, serving
from tests.faults.vcenters import Authority, Vcenter, returned

_CALLED: Final = re.compile(rb"Body[^>]*>\s*<([A-Za-z]+) ")
_ATTRIBUTES: Final = re.compile(rb"<([A-Za-z]+) [^<>]*>")
_COUNT: Final = re.compile(rb"<maxObjects>([0-9]+)</maxObjects>")
_TOKEN: Final = re.compile(rb"<token>([0-9]+)-([0-9]+)</token>")
_PLAIN: Final = {
    "config.instanceUuid": ("xsd:string", "5000{number:032}"),
    "config.template": ("xsd:boolean", "false"),
    "config.version": ("xsd:string", "vmx-21"),
    "config.guestFullName": ("xsd:string", "Ubuntu Linux (64-bit)"),
    "config.firmware": ("xsd:string", "efi"),
    "config.migrateEncryption": ("xsd:string", "opportunistic"),
    "config.maxMksConnections": ("xsd:int", "40"),
    "config.nestedHVEnabled": ("xsd:boolean", "false"),
    "guest.hostName": ("xsd:string", "host-{number}.example"),
    "guest.toolsVersionStatus2": ("xsd:string", "guestToolsCurrent"),
    "runtime.powerState": ("VirtualMachinePowerState", "poweredOn"),
    "runtime.connectionState": ("VirtualMachineConnectionState", "connected"),
}
_OPTIONS: Final = "".join(
    f'<OptionValue><key>{key}</key><value xsi:type="xsd:string">{value}</value></OptionValue>'
    for key, value in (
        ("isolation.tools.copy.disable", "TRUE"),
        ("nvram", "machine-{number}.nvram"),
        *((f"pciBridge{number}.present", "TRUE") for number in range(8)),
    )
)


def _device(kind: str, key: int, inner: str = "", after: str = "") -> str:
    label = f"<deviceInfo><label>{kind} {key}</label><summary>{kind}</summary></deviceInfo>"
    return (
        f'<VirtualDevice xsi:type="{kind}"><key>{key}</key>{label}{inner}'
        f"<controllerKey>100</controllerKey><unitNumber>{key % 16}</unitNumber>{after}"
        "</VirtualDevice>"
    )


_CONNECTABLE: Final = (
    "<connectable><startConnected>true</startConnected><allowGuestControl>true</allowGuestControl>"
    "<connected>true</connected><status>ok</status></connectable>"
)
_DEVICES: Final = "".join(
    (
        *(_device("VirtualIDEController", key, after="<busNumber>0</busNumber>") for key in (1, 2)),
        _device("VirtualPS2Controller", 300, after="<busNumber>0</busNumber>"),
        _device("VirtualPCIController", 100, after="<busNumber>0</busNumber>"),
        _device("VirtualSIOController", 400, after="<busNumber>0</busNumber>"),
        _device("VirtualKeyboard", 600),
        _device(
            "VirtualPointingDevice",
            700,
            '<backing xsi:type="VirtualPointingDeviceDeviceBackingInfo"><deviceName/>'
            "<useAutoDetect>false</useAutoDetect><hostPointingDevice>autodetect</hostPointingDevice>"
            "</backing>",
        ),
        _device("VirtualMachineVideoCard", 500, after="<videoRamSizeInKB>4096</videoRamSizeInKB>"),
        _device("VirtualMachineVMCIDevice", 12000),
        _device("ParaVirtualSCSIController", 1000, after="<busNumber>0</busNumber>"),
        _device(
            "VirtualCdrom",
            3000,
            '<backing xsi:type="VirtualCdromRemotePassthroughBackingInfo"><deviceName/>'
            f"<exclusive>false</exclusive></backing>{_CONNECTABLE}",
        ),
        _device(
            "VirtualDisk",
            2000,
            '<backing xsi:type="VirtualDiskFlatVer2BackingInfo">'
            "<fileName>[store] machine-{number}/disk.vmdk</fileName>"
            "<diskMode>persistent</diskMode><uuid>6000{number:032}</uuid></backing>",
            "<capacityInKB>{number}</capacityInKB>",
        ),
        _device(
            "VirtualVmxnet3",
            4000,
            '<backing xsi:type="VirtualEthernetCardNetworkBackingInfo"><deviceName>VM Network'
            f"</deviceName></backing>{_CONNECTABLE}",
            "<addressType>generated</addressType><macAddress>00:50:56:{number:08}</macAddress>",
        ),
    )
)


def _properties() -> Iterator[tuple[str, str]]:
    yield "name", '<val xsi:type="xsd:string">machine-{number}</val>'
    yield "parent", '<val type="Folder" xsi:type="ManagedObjectReference">group-v3</val>'
    yield "config.uuid", '<val xsi:type="xsd:string">4200{number:032}</val>'
    for path, (kind, text) in _PLAIN.items():
        yield path, f'<val xsi:type="{kind}">{text}</val>'
    yield (
        "config.bootOptions",
        (
            '<val xsi:type="VirtualMachineBootOptions">'
            "<efiSecureBootEnabled>true</efiSecureBootEnabled></val>"
        ),
    )
    yield (
        "config.flags",
        (
            '<val xsi:type="VirtualMachineFlagInfo"><enableLogging>true</enableLogging>'
            "<vvtdEnabled>false</vvtdEnabled><vbsEnabled>false</vbsEnabled></val>"
        ),
    )
    yield "config.extraConfig", f'<val xsi:type="ArrayOfOptionValue">{_OPTIONS}</val>'
    yield "config.hardware.device", f'<val xsi:type="ArrayOfVirtualDevice">{_DEVICES}</val>'
    yield "runtime.host", '<val type="HostSystem" xsi:type="ManagedObjectReference">host-9</val>'
    yield (
        "resourcePool",
        ('<val type="ResourcePool" xsi:type="ManagedObjectReference">resgroup-8</val>'),
    )


_INNER: Final = "".join(
    f"<propSet><name>{path}</name>{value}</propSet>" for path, value in sorted(_properties())
)
MACHINE: Final = f'<objects><obj type="VirtualMachine">vm-{{number}}</obj>{_INNER}</objects>'


def answering(count: int) -> Vcenter:
    """Say of a vCenter how it answers."""
    vcenter = Vcenter(objects={})

    def retrieved(method: str, body: bytes) -> Reply:
        token, asked = _TOKEN.search(body), _COUNT.search(body)
        if token is None and b"<type>VirtualMachine</type>" not in body:
            return returned(method, "")
        start, size = (
            (int(token[1]), int(token[2])) if token else (0, int(asked[1] if asked else 0))
        )
        here = range(start, min(count, start + size))
        following = f"<token>{start + size}-{size}</token>" if start + size < count else ""
        inner = "".join(MACHINE.format(number=number) for number in here)
        return returned(method, f"<returnval>{following}{inner}</returnval>")

    vcenter.retrieved = retrieved
    return vcenter


def main() -> None:
    """Serve until the input ends."""
    authority, vcenter = Authority(Path(sys.argv[2])), answering(int(sys.argv[1]))

    def handler(asked: Asked) -> Reply:
        if asked.method == "GET":
            return Reply(b"", 404)
        called = _CALLED.search(asked.body)  # pyVmomi writes its envelope otherwise
        plain = b'<e:Body><%s xmlns="urn:vim25">' % called[1] if called is not None else b""
        return vcenter(replace(asked, body=plain + _ATTRIBUTES.sub(rb"<\1>", asked.body)))

    with serving(handler, authority.context()) as server:
        authority.file.touch()
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
