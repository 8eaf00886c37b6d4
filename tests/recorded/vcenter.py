"""``python -m tests.recorded.vcenter``: make ``examples/vcenter`` anew, as govc saves one.

A vCenter that does not exist, with two GPU hosts. Three of its machines are nodes of the cluster in
``examples/gpu-cluster``, one is the Docker host in ``examples/gpu-host``, and two teams have
machines of their own beside them. What is no planted fault is as it should be.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from auditor.platforms.vsphere import CLUSTER, HOST, MACHINE
from collectors.vsphere.kinds.table import KINDS
from tests.e2e.forks import ROOT
from tests.inventories import ADMINISTRATORS, Saved, properties_of, value

PLACE: Final = ROOT / "examples" / "vcenter"
FIRST, SECOND, DIVIDED = "0000:3b:00.0", "0000:af:00.0", "0000:d8:00.0"
H100S: Final = ("0000:17:00.0", "0000:e1:00.0")
L4S: Final = ("0000:98:00.0", "0000:b1:00.0")
TURNS, INSTANCE = "grid_a100-40c", "grid_a100-3-20c"
NVIDIA: Final = 0x10DE
_NOTICE: Final = "Authorised use only"
_QUALITY: Final = "similar=deny retry=3 min=disabled,disabled,disabled,disabled,15"

OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Annotations.WelcomeMessage": _NOTICE,
        "Config.Etc.issue": _NOTICE,
        "Config.HostAgent.log.level": "info",
        "Config.HostAgent.plugins.hostsvc.esxAdminsGroup": "team-esx",
        "Config.HostAgent.plugins.hostsvc.esxAdminsGroupAutoAdd": "false",
        "Config.HostAgent.plugins.solo.enableMob": "false",
        "Config.HostAgent.plugins.vimsvc.authValidateInterval": "90",
        "Config.HostAgent.plugins.vmsvc.allowForensicSnapshots": "false",
        "Config.HostAgent.vmacore.soap.sessionTimeout": "30",
        "DCUI.Access": "root",
        "Mem.EncryptTierNvme": "1",
        "Mem.MemEagerZero": "1",
        "Mem.ShareForceSalting": "2",
        "Net.BMCNetworkEnable": "0",
        "Net.BlockGuestBPDU": "1",
        "Net.DVFilterBindIpAddress": "",
        "Net.ReversePathFwdCheckPromisc": "1",
        "ScratchConfig.CurrentScratchLocation": "/vmfs/volumes/5f0c/.locker",
        "Security.AccountLockFailures": "5",
        "Security.AccountUnlockTime": "900",
        "Security.PasswordHistory": "5",
        "Security.PasswordMaxDays": "99999",
        "Security.PasswordQualityControl": _QUALITY,
        "Syslog.global.auditRecord.remoteEnable": "true",
        "Syslog.global.auditRecord.storageCapacity": "100",
        "Syslog.global.auditRecord.storageDirectory": "[] /scratch/log",
        "Syslog.global.auditRecord.storageEnable": "true",
        "Syslog.global.certificate.checkSSLCerts": "true",
        "Syslog.global.certificate.strictX509Compliance": "true",
        "Syslog.global.logDir": "[] /scratch/log",
        "Syslog.global.logHost": "ssl://logs.example.com:6514",
        "Syslog.global.logLevel": "error",
        "UserVars.DcuiTimeOut": "600",
        "UserVars.ESXiShellInteractiveTimeOut": "900",
        "UserVars.ESXiShellTimeOut": "600",
        "UserVars.ESXiVPsDisabledProtocols": "sslv3,tlsv1,tlsv1.1",
        "UserVars.HostClientCEIPOptIn": "2",
        "UserVars.HostClientSessionTimeout": "900",
        "UserVars.SuppressHyperthreadWarning": "0",
        "UserVars.SuppressShellWarning": "0",
        "VMkernel.Boot.execInstalledOnly": "TRUE",
    }
)
"""How a host is set that is as it should be."""


def uuid_of(number: int) -> str:
    """The UUID of the machine with a number."""
    return f"4212c0de-5e1f-4a0e-9b0c-0000000000{number:02d}"


def gpu(pci: str, name: str, kind: str, mode: str, users: Sequence[str] = ()) -> dict[str, Any]:
    """A GPU as its host tells of it."""
    return {
        "deviceName": name,
        "vendorName": "NVIDIA Corporation",
        "pciId": pci,
        "graphicsType": kind,
        "vgpuMode": mode,
        "memorySizeInKB": 83_886_080,
        "vm": list(users),
    }


def host(gpus: list[dict[str, Any]], policy: str, *, ssh: bool, **more: str) -> dict[str, Any]:
    """A host; ``policy`` is how it puts vGPUs on its GPUs, ``more`` are options."""
    services = {"TSM": False, "TSM-SSH": ssh, "ntpd": True, "sfcbd-watchdog": False}
    closed = {"allowPromiscuous": False, "macChanges": False, "forgedTransmits": False}
    return {
        "runtime": {
            "connectionState": "connected",
            "stateEncryption": {
                "protectionMode": "tpm",
                "requireSecureBoot": True,
                "requireExecInstalledOnly": True,
            },
        },
        "summary": {"tpmAttestation": {"status": "accepted"}},
        "capability": {"uefiSecureBoot": True},
        "hardware": {
            "sevInfo": {"sevState": "working", "snpState": "working", "snpSupported": True}
        },
        "config": {
            "product": {"version": "8.0.3", "build": "24674464"},
            "lockdownMode": "lockdownNormal",
            "option": {**OPTIONS, **more},
            "service": {
                "service": [
                    {"key": key, "running": runs, "policy": "on" if runs else "off"}
                    for key, runs in {**services, "slpd": False, "snmpd": False}.items()
                ]
            },
            "dateTimeInfo": {"ntpConfig": {"server": ["ntp.example.com"]}, "enabled": True},
            "firewall": {
                "defaultPolicy": {"incomingBlocked": True, "outgoingBlocked": True},
                "ruleset": [
                    {
                        "key": "sshServer",
                        "enabled": True,
                        "allowedHosts": {"allIp": False},
                        "ipListUserConfigurable": True,
                    }
                ],
            },
            "network": {
                "vswitch": [{"name": "vSwitch0", "spec": {"policy": {"security": closed}}}],
                "portgroup": [
                    {
                        "spec": {"name": "VM Network", "vlanId": 0, "vswitchName": "vSwitch0"},
                        "computedPolicy": {"security": closed},
                    }
                ],
            },
            "graphicsInfo": gpus,
            "graphicsConfig": {
                "hostDefaultGraphicsType": "sharedDirect",
                "sharedPassthruAssignmentPolicy": policy,
            },
        },
    }


def vgpu(profile: str, number: int = 0) -> dict[str, Any]:
    """A part of a GPU."""
    backing = {"type": "VirtualPCIPassthroughVmiopBackingInfo", "vgpu": profile}
    return _device(number, backing)


def whole(pci: str, number: int = 0) -> dict[str, Any]:
    """A GPU that is passed through."""
    kind = "VirtualPCIPassthroughDynamicBackingInfo"
    allowed = [{"vendorId": NVIDIA, "deviceId": 0x2330}]
    backing = {"type": kind, "customLabel": "gpu", "assignedId": pci, "allowedDevice": allowed}
    return _device(number, backing)


def _device(number: int, backing: dict[str, Any]) -> dict[str, Any]:
    label = {"label": f"PCI device {number}"}
    key = 13_000 + number
    return {"type": "VirtualPCIPassthrough", "key": key, "deviceInfo": label, "backing": backing}


def machine(
    number: int, on: str, devices: list[dict[str, Any]], name: str, **more: Any
) -> dict[str, Any]:
    """A machine that runs; ``more`` are parameters of its configuration."""
    migration = more.pop("migration", "required")
    extra = {"bios.bootdeviceclasses": "allow:hd", **more}
    disk = {"type": "VirtualDisk", "key": 2000, "deviceInfo": {"label": "Hard disk 1"}}
    backing = {"type": "VirtualDiskFlatVer2BackingInfo", "diskMode": "persistent"}
    return {
        "config": {
            "uuid": uuid_of(number),
            "instanceUuid": f"5012c0de-5e1f-4a0e-9b0c-0000000000{number:02d}",
            "template": False,
            "version": "vmx-21",
            "firmware": "efi",
            "bootOptions": {"efiSecureBootEnabled": True},
            "flags": {"enableLogging": True},
            "migrateEncryption": migration,
            "ftEncryptionMode": "ftEncryptionRequired",
            "maxMksConnections": 1,
            "guestAutoLockEnabled": True,
            "nestedHVEnabled": False,
            "fixedPassthruHotPlugEnabled": False,
            "extraConfig": extra,
            "hardware": {"device": [{**disk, "backing": backing}, *devices]},
        },
        "runtime": {"powerState": "poweredOn", "connectionState": "connected", "host": on},
        "guest": {"hostName": name, "toolsVersionStatus2": "guestToolsCurrent"},
    }


_ADMIN: Final = (
    "<AuthorizationRole><roleId>-1</roleId><system>true</system><name>Admin</name>"
    "</AuthorizationRole>"
)
_HELPERS: Final = (
    "<AuthorizationRole><roleId>17</roleId><system>false</system><name>gpu-users</name>"
    "<privilege>VirtualMachine.Config.AddRemoveDevice</privilege>"
    "<privilege>VirtualMachine.Interact.PowerOn</privilege></AuthorizationRole>"
)
_EVERYBODY: Final = (
    '<Permission><entity type="Folder">group-d1</entity><principal>EXAMPLE\\ml-users</principal>'
    "<group>true</group><roleId>17</roleId><propagate>true</propagate></Permission>"
)


def _hosts(saved: Saved) -> None:
    # somebody left the door of the first one open, and it fills one GPU before the next
    turns = gpu(FIRST, "NVIDIA A100 80GB", "sharedDirect", "sameSize", ["vm-21", "vm-25"])
    other = gpu(SECOND, "NVIDIA A100 80GB", "sharedDirect", "sameSize", ["vm-21"])
    divided = gpu(
        DIVIDED, "NVIDIA A100 80GB", "sharedDirect", "multiInstanceGpu", ["vm-26", "vm-27"]
    )
    _host(saved, "host-9", "esx-1", host([turns, other, divided], "consolidation", ssh=True))
    whole_ones = [gpu(pci, "NVIDIA H100 PCIe", "direct", "none") for pci in H100S]
    small = [gpu(pci, "NVIDIA L4", "direct", "none") for pci in L4S]
    # its logs go nowhere else
    late = {"Syslog.global.logHost": ""}
    _host(saved, "host-10", "esx-2", host([*whole_ones, *small], "performance", ssh=False, **late))


def _machines(saved: Saved) -> None:
    for identity, name, team, body in (
        (
            *("vm-21", "a100-1", "nodes"),
            machine(
                *(21, "host-9", [vgpu(TURNS), vgpu(TURNS, 1)], "a100-1"), migration="opportunistic"
            ),
        ),
        ("vm-22", "h100-1", "nodes", machine(22, "host-10", [whole(H100S[0])], "h100-1")),
        ("vm-23", "dra-1", "nodes", machine(23, "host-10", [whole(H100S[1])], "dra-1")),
        (
            *("vm-24", "gpu-1", "docker"),
            machine(24, "host-10", [whole(L4S[0]), whole(L4S[1], 1)], "gpu-1"),
        ),
        ("vm-25", "label-1", "team-vision", machine(25, "host-9", [vgpu(TURNS)], "label-1")),
        ("vm-26", "label-2", "team-vision", machine(26, "host-9", [vgpu(INSTANCE)], "label-2")),
        (
            *("vm-27", "bench-1", "team-llm"),
            machine(
                *(27, "host-9", [vgpu(INSTANCE)], "bench-1"),
                **{
                    "isolation.tools.copy.disable": "FALSE",
                    "pcipassthru0.cfg.enable_debugging": "1",
                },
            ),
        ),
    ):
        config, rest = _parts(body, MACHINE)
        saved.machine(identity, name, config, team, **rest)


def _host(saved: Saved, identity: str, name: str, body: Mapping[str, Any]) -> None:
    config, rest = _parts(body, HOST)
    saved.host(identity, name, config, **rest)


def _parts(body: Mapping[str, Any], kind: str) -> tuple[str, dict[str, str]]:
    """The inside of the configuration, and the other properties."""
    found = properties_of(body, KINDS[kind])
    config = found.pop("config")
    return config.removeprefix("<val>").removesuffix("</val>"), found


def made(folder: Path) -> Path:
    """Write the inventory into a folder."""
    saved = Saved(folder, teams=("nodes", "docker", "team-vision", "team-llm"))
    on = {"enabled": True}
    body = {"configurationEx": {"dasConfig": on, "drsConfig": on}}
    saved.cluster = properties_of(body, KINDS[CLUSTER])
    # so that the teams could help themselves
    saved.roles = value("ArrayOfAuthorizationRole", _ADMIN + _HELPERS)
    saved.permissions = value("ArrayOfPermission", ADMINISTRATORS + _EVERYBODY)
    _hosts(saved)
    _machines(saved)
    return saved.write()


def main() -> None:
    """Write the folder of the example."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = made(Path(scratch) / "made")
        shutil.rmtree(PLACE, ignore_errors=True)
        shutil.copytree(folder, PLACE)


if __name__ == "__main__":
    main()
