"""All grants of a target, device by device, as its rows come in.

A device is told by its node and its id. Where only the number of devices is known, what a node
offers under one resource name is a *pool*: which of its devices a pod has is not known, and
counting says what follows (:mod:`counting`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from auditor.analysis.gpu.adapters import Adapters
from auditor.analysis.gpu.bypass import believed
from auditor.analysis.gpu.components import Component, is_component
from auditor.analysis.gpu.configured import Configurations
from auditor.analysis.gpu.declared import Declared, HeldPod
from auditor.analysis.gpu.devices import ANY_PART, DeviceId, profile_of
from auditor.analysis.gpu.dra import (
    ClaimedDevice,
    ClaimRow,
    Pool,
    SliceDevice,
    maker_of,
    path_of,
)
from auditor.analysis.gpu.given import in_turns, is_part, parse_given, take_turns
from auditor.analysis.gpu.hami_grants import register_of
from auditor.analysis.gpu.held import (
    Device,
    Held,
    Holder,
    NodePool,
    Pools,
    Reach,
    doubt,
    doubt_all,
    is_given,
    note,
    pool_step,
)
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.nodes import NodeRow, Offer, offers
from auditor.analysis.gpu.pods import PodUse
from auditor.analysis.gpu.rights import Rights
from auditor.analysis.gpu.runtimes import Runtime, heeded, heeds_variables, runtime_of
from auditor.analysis.gpu.schedulers import declared, undeclared
from auditor.analysis.gpu.shares import Certainty, Grant, Step
from auditor.analysis.gpu.sourced import Known, opened, ways_from
from auditor.analysis.gpu.sources import CLAIM_STATUS, POD_MARKS, POD_STATUS
from auditor.analysis.gpu.tenants import ADMIN_ACCESS, NamespaceMarks, Tenants
from auditor.analysis.packed import Shelf
from auditor.model.fact import Origin

NO_POOL: Final = Pool("", {}, whole=False)
UNIQUE: Final = ("GPU-", "MIG-")
"""How the ids begin that no two devices have in common, wherever they are."""


class Estate:
    """Collects; :mod:`tenancy` asks it what there is.

    ``having`` are the tenants that have something of a GPU, by the namespaces of their pods,
    ``said`` the namespaces of pods of which a scheduler wrote what they have, ``platform`` those
    where parts of the platform run, and ``admin`` those whose claims may have admin access.
    ``uses`` are what pods have by the JSON of it, ``variables`` what ConfigMaps say that were read,
    ``untold`` how many pods of a node take variables over from what was not.
    """

    def __init__(self, tenants: Tenants, components: Sequence[Component]) -> None:
        """``tenants`` says whose a pod is, ``components`` are parts of the platform."""
        self.tenants = tenants
        self._components = components
        self._platform = frozenset(name for each in components for name in each.namespaces)
        self._pools: dict[tuple[str, str], Pool] = {}
        self._pods: dict[str, Origin] = {}
        self._claims: set[str] = set()
        self.namespaces: dict[str, Origin] = {}
        self.nodes: dict[str, Origin] = {}
        self.devices: dict[tuple[str, str], Device] = {}
        self.pools = Pools()
        self.reaches: Shelf[list[Reach]] = Shelf(list[Reach])
        self._seen: set[str] = set()
        self.handlers: dict[str, str] = {}
        self.configurations = Configurations()
        self.unread: dict[str, set[str]] = {}
        self.variables: dict[tuple[str, str], Known] = {}
        self.untold: Counter[str] = Counter()
        self.virtual: set[str] = set()
        self.rights = Rights()
        self.uses: dict[bytes, PodUse] = {}
        self.having: dict[str, set[str]] = {}
        self.said: set[str] = set()
        self.adapters = Adapters()
        self.platform: set[str] = set()
        self.admin: set[str] = set()
        self._declared_on: dict[str, dict[str, None]] = {}

    def namespace(self, name: str, marks: NamespaceMarks, origin: Origin) -> None:
        """Learn what a namespace says of its tenant."""
        self.tenants.namespace(name, marks)
        self.namespaces[name] = origin
        if any(marks.labels.get(label) == "true" for label in ADMIN_ACCESS):
            self.admin.add(name)

    @property
    def seen(self) -> frozenset[str]:
        """The namespaces of pods that hold or reach something."""
        return frozenset(self._seen).union(pod.partition("/")[0] for pod in self._pods)

    def pool(self, driver: str, name: str, pool: Pool) -> None:
        """Learn which devices a driver has in a pool."""
        self._pools[driver, name] = pool

    def places(self, pods: Iterable[str]) -> list[Origin]:
        """Find where pods were read, or else what says that they hold something."""
        return [self._pods[pod] for pod in pods if pod in self._pods]

    def find(self, pods: Collection[str]) -> None:
        """Look up where some pods were read, so that :meth:`places` knows: most are packed."""
        if not pods:
            return
        for holder in self.pools.holders():
            if holder.pod in pods:
                self._pods[holder.pod] = holder.origin
        for _, reaches in self.reaches:
            self._pods |= {each.pod: each.origin for each in reaches if each.pod in pods}

    def reach(self, node: str, reaches: list[Reach]) -> None:
        """Learn of pods that reach every GPU of a node."""
        if reaches:
            self.reaches.put(node, [*(self.reaches.get(node) or ()), *reaches])

    def reached_from(self, pod: str, origin: Origin) -> None:
        """Learn where something was read that holds or reaches devices."""
        self._pods[pod] = origin

    def claim(self, namespace: str, name: str, row: ClaimRow, origin: Origin) -> None:
        """Learn what was allocated to a claim, and who uses it."""
        self._claims.add(f"{namespace}/{name}")
        for claimed in row.devices:
            pool = self._pools.get((claimed.driver, claimed.pool), NO_POOL)
            known = pool.devices.get(claimed.device)
            device = self._device(pool.node, _gpu_of(claimed, known), maker_of(claimed.driver))
            if known is None:
                note(device, f"no slice of {claimed.driver} has {claimed.pool}/{claimed.device}")
            else:
                device.product = device.product or known.product
            for pod in row.pods:
                self._pods.setdefault(f"{namespace}/{pod}", origin)
                tenant = self.tenants.of(namespace, pod).name
                if not claimed.admin:
                    self.having.setdefault(namespace, set()).add(tenant)
                grant = Grant(
                    tenant,
                    f"{namespace}/{pod}",
                    Certainty.EXACT,
                    claimed.shared(known),
                    path_of(known, claimed.share) if known is not None else (),
                    claimed.admin,
                )
                device.held.append(Held(grant, CLAIM_STATUS, origin))

    def node(
        self,
        name: str,
        row: NodeRow | None,
        at: Origin | None,
        pods: Iterable[tuple[Origin, PodUse]],
    ) -> None:
        """Learn what a node offers, and what its pods have of it."""
        if at is not None:
            self.nodes[name] = at
        if row is not None and row.virtual:
            self.virtual.add(name)
        pods = list(self._with_taken(name, pods))
        given = {each for _, use in pods for each in use.given}
        offered = {name: _in_parts(each, given) for name, each in self._offered(row).items()}
        holders: dict[str, list[Holder]] = {}
        register, written = register_of(row), list[HeldPod]()
        reaches: list[Reach] = []
        for origin, found_use in pods:
            use, machine = self._run(name, row, found_use)
            tenant = self.tenants.of(origin.namespace, origin.name).name
            pod = f"{origin.namespace}/{origin.name}"
            self._seen.add(origin.namespace)
            written.append(HeldPod(tenant, pod, origin, use))
            packed = bool(use.ways)
            plain = undeclared(register, origin.namespace, use)
            for resource, text in plain.given:
                grant = Grant(tenant, pod, Certainty.EXACT, Mechanism.EXCLUSIVE, machine=machine)
                held = Held(grant, POD_STATUS, origin)
                self._given(name, resource, text, offered.get(resource), held)
            for resource, slots in plain.asked.items():
                if f"{origin.namespace}/{use.backed.get(resource)}" in self._claims:
                    continue  # its claim says which device it has
                known = len({text for name, text in use.given if name == resource}) >= slots
                on_known = known and _names_gpus(plain.given, resource, offered.get(resource))
                holder = Holder(tenant, pod, slots, known, origin, on_known, machine)
                holders.setdefault(resource, []).append(holder)
                packed = True
            if not packed:  # of the others, their pool or what they reach says where they are
                self._pods[pod] = origin
            component = origin.namespace in self._platform and is_component(
                origin.namespace, use, self._components
            )
            if component:
                self.platform.add(origin.namespace)
            else:
                self._tenant(name, origin.namespace, tenant, pod, use)
            if use.ways:
                reaches.append(Reach(tenant, pod, name, use.ways, component, origin))
        self.reach(name, reaches)
        pools = dict[str, NodePool]()
        for resource in sorted({*holders, *offered}):
            found = holders.get(resource, [])
            offer = offered.get(resource) or _in_parts(_unknown(resource, found), given)
            pools[resource] = NodePool(offer, tuple(found))
        self.pools.put(name, pools)
        for each in declared(name, register, written):
            self._declared(name, each)

    def _tenant(self, node: str, namespace: str, tenant: str, pod: str, use: PodUse) -> None:
        """Learn what a pod of a tenant has beside its devices, and that it has some."""
        self.adapters.hold(node, use.adapters, tenant, pod)
        if use.asked or use.given or use.written or use.memory:
            self.having.setdefault(namespace, set()).add(tenant)

    def _offered(self, row: NodeRow | None) -> dict[str, Offer]:
        """Say what a node offers, by its labels, else as its plugin is configured."""
        if row is None:
            return {}
        return {each.resource: self.configurations.applied(each, row) for each in offers(row)}

    def _with_taken(
        self, node: str, pods: Iterable[tuple[Origin, PodUse]]
    ) -> Iterator[tuple[Origin, PodUse]]:
        """Yield the pods that have anything, with what their containers take over."""
        for origin, use in pods:
            if not use.taken:
                yield origin, use
                continue
            found = ways_from(use.taken, origin.namespace, self.variables)
            if found.unread and origin.namespace not in self._platform:
                self.untold[node] += 1
            ways = [*use.ways, *opened(found, heeded=heeds_variables(use.runtime, self.handlers))]
            whole = replace(use, ways=ways)
            if whole.has_any:
                yield origin, whole

    def _run(self, node: str, row: NodeRow | None, use: PodUse) -> tuple[PodUse, bool]:
        """Say what a pod reaches with what runs it, and whether that is a virtual machine."""
        if row is not None and any(way.tells_of_gpus for way in use.ways):
            use = replace(use, ways=[believed(way, row.monitored) for way in use.ways])
        if not use.runtime:
            return use, False
        runtime = runtime_of(use.runtime, self.handlers)
        if runtime is Runtime.UNREAD:
            self.unread.setdefault(node, set()).add(use.runtime)
        if use.ways:
            use = replace(use, ways=[heeded(way, runtime) for way in use.ways])
        return use, runtime is Runtime.MACHINE

    def _declared(self, node: str, said: Declared) -> None:
        """A scheduler says what a pod has; to say so of a GPU on two nodes is a contradiction."""
        found = self._device(node, said.gpu, said.resource)
        found.product = found.product or said.product
        found.held.append(Held(said.grant, POD_MARKS, said.origin))
        self.said.add(said.origin.namespace)
        if said.note:
            note(found, said.note)
        if said.gpu.startswith(UNIQUE) and said.grant.certainty >= Certainty.DECLARED:
            nodes = self._declared_on.setdefault(said.gpu, {})
            earlier = list(nodes) if node not in nodes else []
            nodes[node] = None
            for other in [*earlier[:1], node] if len(nodes) > 1 else ():
                doubt(self.devices[other, said.gpu])

    def _given(self, node: str, resource: str, text: str, offer: Offer | None, to: Held) -> None:
        """A kubelet says which device of a resource it gave to somebody."""
        steps = pool_step(offer) if offer is not None else ()
        device = parse_given(resource, text, steps)
        usual = offer.sharing if offer is not None else Mechanism.EXCLUSIVE
        sharing = in_turns(resource, device, usual)
        found = self._device(node, device.gpu or device.path[0].id, resource)
        if not device.gpu:
            note(
                found,
                "which GPU this part is of is not in the API: the tool of its driver on the node "
                "tells (nvidia-smi -L, amd-smi list)",
            )
        if offer is not None:
            found.product = found.product or offer.product
        grant = replace(to.grant, sharing=sharing, path=_inside(device, steps))
        found.held.append(replace(to, grant=grant))
        take_turns(found)

    def settle(self) -> None:
        """Doubt what is said of a GPU that is said to be in two nodes: no two GPUs have one id.

        Only those count that hand devices out: what schedulers write casts no doubt on them.
        """
        nodes: dict[str, list[str]] = {}
        for (node, gpu), device in self.devices.items():
            if gpu.startswith(UNIQUE) and any(map(is_given, device.held)):
                nodes.setdefault(gpu, []).append(node)
        for gpu, found in nodes.items():
            for node in found if len(found) > 1 else ():
                doubt_all(self.devices[node, gpu], [each for each in found if each != node])

    def _device(self, node: str, gpu: str, resource: str) -> Device:
        found = self.devices.get((node, gpu))
        if found is None:
            found = self.devices[node, gpu] = Device(resource=resource)
        return found


def _gpu_of(claimed: ClaimedDevice, known: SliceDevice | None) -> str:
    """Name a device: by its UUID, else as the driver does."""
    if known is not None and known.gpu:
        return known.gpu
    return f"{claimed.driver}/{claimed.pool}/{claimed.device}"


def _names_gpus(given: Iterable[tuple[str, str]], resource: str, offer: Offer | None) -> bool:
    """Say whether the ids of what a pod was given of a resource name the GPUs."""
    steps = pool_step(offer) if offer is not None else ()
    return all(parse_given(name, text, steps).gpu for name, text in given if name == resource)


def _in_parts(offer: Offer, given: Collection[tuple[str, str]]) -> Offer:
    """Say what a node offers where the ids that were given are those of parts."""
    if not offer.profile and any(is_part(*each) for each in given if each[0] == offer.resource):
        return replace(offer, profile=ANY_PART)
    return offer


def _inside(device: DeviceId, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The part that a device is: the id of a compute instance does not say of which instance."""
    if len(steps) > len(device.path) == 1:
        return (*steps[:-1], replace(steps[-1], id=device.path[0].id))
    return device.path


def _unknown(resource: str, holders: Sequence[Holder]) -> Offer:
    """What pods hold of a node that was not read, or does not offer it any more."""
    return Offer(
        resource=resource,
        devices=sum(holder.slots for holder in holders),
        per_device=1,
        sharing=Mechanism.UNKNOWN,
        profile=profile_of(resource),
        product="",
        doubt=f"what the node offers of {resource} was not read",
    )
