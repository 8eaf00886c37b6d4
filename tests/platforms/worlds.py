"""Two live targets of each platform, as the suite of all platforms needs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.command import Ran, ended, started, surroundings
from tests.faults.server import Asked, Reply, Server, healthy, page, pod, serving, status
from tests.faults.test_live_many import kubeconfig
from tests.faults.vcenters import HOST, MACHINE, PASSWORD, Authority, Vcenter, options
from tests.platforms.toy import server as toy
from tests.platforms.toy.server import Warehouse

POLICIES = Path(__file__).parent / "toy" / "policies"
CANARY = "canary-7Qz9-hunter2"
PAD = "a long text that nobody reads; " * 5000
"""Enough of a target for more than one worker."""


@dataclass(frozen=True, slots=True)
class Estate:
    """Two targets that are there.

    ``module`` is the program, ``options`` go with each scan. ``refuse`` has the first target refuse
    the kind ``refused``, which ``needy`` needs; ``found`` are rules that fail on the two.
    ``renamed`` are not rules: their facts are of the run. ``close`` takes the first target away.
    """

    module: str
    targets: tuple[str, str]
    options: tuple[str, ...]
    folder: Path
    found: frozenset[str]
    refused: str
    needy: str
    refuse: Callable[[], None]
    close: Callable[[], None]
    asked: Callable[[], list[str]]
    judging: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path) -> Ran:
        """Run one command, from a process of its own."""
        environment = {
            **surroundings(),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "SOURCE_DATE_EPOCH": "1790000000",
            **self.env,
        }
        with started(*arguments, env=environment, module=self.module) as process:
            return ended(process)

    def scan(self, *more: str | Path, targets: tuple[str, ...] | None = None) -> Ran:
        """Scan targets, by default both, and print what came of it as JSON."""
        where = self.targets if targets is None else targets
        return self.run(
            "scan", *where, *self.options, *self.judging, "--format", "json", "--all", *more
        )


def _warehouses() -> tuple[Warehouse, Warehouse]:
    boxes: list[dict[str, Any]] = [
        {"name": "b1", "shelf": "s1", "weight": 3, "tenant": "x", "pallet": "p1", "open": True},
        {"name": "b2", "shelf": "s1", "weight": 3, "tenant": "x", "lid": {"screws": 1}},
        {"name": "b3", "shelf": "s2", "weight": 1, "tenant": "x", "label": PAD},
        {"name": "b4", "shelf": "s2", "weight": 1, "tenant": "x", "note": f"DB_PASSWORD={CANARY}"},
    ]
    other: list[dict[str, Any]] = [
        {"name": "b1", "shelf": "s1", "weight": 3, "tenant": "y", "pallet": "p1"},
        {"name": "b5", "shelf": "s1", "weight": 1, "tenant": "y", "password": CANARY},
    ]
    shelves = [{"name": "s1", "capacity": 5}, {"name": "s2", "capacity": 5}]
    return Warehouse("one", boxes, shelves), Warehouse("two", other, shelves[:1])


@contextmanager
def toy_estate(folder: Path) -> Iterator[Estate]:
    """Two warehouses that share a pallet."""
    first, second = _warehouses()
    with toy.serving(second), toy.serving(first):
        yield Estate(
            module="tests.platforms.toy",
            targets=(first.target, second.target),
            options=("--policies", str(POLICIES)),
            judging=("--profile", "toy"),
            folder=folder,
            found=frozenset(
                {"toy-box-open", "toy-lid-loose", "toy-shelf-overloaded", "toy-pallet-shared"}
            ),
            refused="toy/Box",
            needy="toy-shelf-overloaded",
            refuse=lambda: first.refused.add("boxes"),
            close=lambda: first.refused.add("identity"),
            asked=lambda: [*first.asked, *second.asked],
        )


@dataclass(slots=True)
class Cluster:
    """How one cluster answers; ``refused`` are paths."""

    uid: str
    pods: list[dict[str, Any]]
    refused: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked) -> Reply:
        if asked.path in self.refused:
            return status(403, "forbidden")
        match asked.path:
            case "/api/v1/namespaces/kube-system":
                meta = {"name": "kube-system", "uid": self.uid}
                return Reply(json.dumps({"metadata": meta}).encode())
            case "/api/v1/pods":
                return page(self.pods)
            case _:
                return healthy(asked)


@contextmanager
def kubernetes_estate(folder: Path) -> Iterator[Estate]:
    """Two clusters, of which one has a privileged pod."""
    padded = pod("padded")
    padded["metadata"]["annotations"] = {"text": PAD, "note": f"DB_PASSWORD={CANARY}"}
    hiding = pod("hiding")
    hiding["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": CANARY}]
    one = Cluster("one", [pod("bad", privileged=True), padded])
    two = Cluster("two", [hiding])
    with serving(two) as second, serving(one) as first:
        path = kubeconfig(folder, {"one": first.url, "two": second.url})

        def asked() -> list[str]:
            servers: tuple[Server, ...] = (first, second)
            return [f"{each.method} {each.path}" for server in servers for each in server.asked]

        yield Estate(
            module="auditor",
            targets=("k8s://one", "k8s://two"),
            options=("--kubeconfig", str(path)),
            folder=folder,
            found=frozenset({"k8s-container-privileged", "k8s-default-deny-ingress-missing"}),
            refused="k8s/NetworkPolicy",
            needy="k8s-default-deny-ingress-missing",
            refuse=lambda: one.refused.add("/apis/networking.k8s.io/v1/networkpolicies"),
            close=lambda: one.refused.update({"/api", "/apis", "/version"}),
            asked=asked,
        )


def _vcenters() -> tuple[Vcenter, Vcenter]:
    """Two vCenters, of which one has a machine that is moved unencrypted."""
    open_ = {**MACHINE, "config.migrateEncryption": '<val xsi:type="xsd:string">disabled</val>'}
    padded = {**MACHINE, "config.guestFullName": f'<val xsi:type="xsd:string">{PAD}</val>'}
    told = {**MACHINE, "config.extraConfig": options({"guestinfo.password": CANARY})}
    one = {"VirtualMachine": {"bad": open_, "padded": padded}, "HostSystem": {"h1": HOST}}
    two = {"VirtualMachine": {"told": told}, "HostSystem": {"h1": HOST}}
    return Vcenter("one", one), Vcenter("two", two)


@contextmanager
def vsphere_estate(folder: Path) -> Iterator[Estate]:
    """Two vCenters whose hosts and machines are read."""
    one, two = _vcenters()
    authority = Authority(folder)
    with serving(two, authority.context()) as second, serving(one, authority.context()) as first:

        def asked() -> list[str]:
            return [f"{each.method} {each.path}" for each in (*first.asked, *second.asked)]

        yield Estate(
            module="auditor",
            targets=tuple(f"vsphere://127.0.0.1:{each.port}/" for each in (first, second)),
            options=(),
            env={
                "AUDITOR_VSPHERE_USER": "audit",
                "AUDITOR_VSPHERE_PASSWORD": PASSWORD,
                "SSL_CERT_FILE": str(authority.file),
            },
            judging=("--profile", "vsphere"),
            folder=folder,
            found=frozenset({"vsphere-vm-migration-unencrypted"}),
            refused="vsphere/VirtualMachine",
            needy="vsphere-vm-logging-off",
            refuse=lambda: one.refused.add("VirtualMachine"),
            close=first.close,
            asked=asked,
        )


WORLDS: Mapping[str, Callable[[Path], AbstractContextManager[Estate]]] = {
    "toy": toy_estate,
    "kubernetes": kubernetes_estate,
    "vsphere": vsphere_estate,
}
"""Each platform that there is, and the toy: a new one is one line."""
