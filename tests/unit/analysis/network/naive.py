"""What policies decide, pod by pod and port by port, as slowly as their documentation reads.

It takes JSON as an API server has it, and knows nothing of the code that is tested: no classes of
pods, no pieces of ports or addresses, no sets. Whether something holds is one of three answers:
YES, NO or PERHAPS. What becomes of a connection is the set of all that may.

A pod may have ``"adds"`` beside its fields: which labels others may add to it. A policy that a
server would refuse has ``"refused": true``: it may do anything.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

NO, PERHAPS, YES = 0, 1, 2
Json = dict[str, Any]
ADDED_BY_CONTROLLERS = {"pod-template-hash", "job-name", "controller-revision-hash"}
PEERS = {"ingress": "from", "egress": "to"}
ACTIONS = {"Allow": "accept", "Accept": "accept", "Deny": "deny", "Pass": "pass"}
ADDRESSES = ipaddress.ip_address
NETWORK = ipaddress.ip_network


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod, a node, or an address outside."""

    pod: Json | None = None
    node: Json | None = None
    address: str = ""

    @property
    def on_host(self) -> bool:
        return self.node is not None or bool(self.pod and self.pod["spec"].get("hostNetwork"))


@dataclass
class Oracle:
    """A cluster; ``reached`` counts which parts of the semantics an answer rested on.

    ``blocks`` says whether an ipBlock of a NetworkPolicy is about pods and nodes: "everywhere",
    "outside" or "unknown".
    """

    namespaces: dict[str, Json | None]
    policies: list[Json]
    blocks: str
    reached: Counter[str] = field(default_factory=Counter)

    def ask(self, source: End, target: End, protocol: str, port: int) -> str:
        """Say whether a connection can be made: allowed, denied or unknown."""
        outcomes: set[str] = {"accept"}
        for pod, peer, direction in ((source, target, "egress"), (target, source, "ingress")):
            if pod.pod is None:
                continue
            found = self.outcomes(pod, peer, direction, target, (protocol, port))
            if "accept" not in found:
                outcomes = {"deny"}
            elif outcomes != {"deny"}:
                outcomes |= found
        if "accept" not in outcomes and (source.on_host or target.on_host):
            self.reached["node of its own"] += 1
            return "unknown"
        if outcomes == {"accept"}:
            return "allowed"
        return "unknown" if "accept" in outcomes else "denied"

    # what a tier decides

    def outcomes(
        self, pod: End, peer: End, direction: str, target: End, at: tuple[str, int]
    ) -> set[str]:
        question = (pod, peer, direction, target, at)
        after = self.ordered("admin", question)
        found = after - {"next"}
        if "next" in after:
            middle = self.networks(question)
            found |= middle - {"next"}
            if "next" in middle:
                last = self.ordered("baseline", question)
                found |= {"accept" if each == "next" else each for each in last}
        return found

    def ordered(self, tier: str, question: Any) -> set[str]:
        """The first rule that matches decides; "next" is what goes on to the next tier."""
        mine = [each for each in self.policies if tier_of(each) == tier]
        found: set[str] = set()
        for policy in mine:
            if policy.get("refused") and self.selects(policy, question[0]):
                self.reached["refused in " + tier] += 1
                found |= {"accept", "deny", "next"}
        mine = [each for each in mine if not each.get("refused")]
        mine = [each for each in mine if self.selects(each, question[0])]
        if tier == "baseline" and any(each["kind"].startswith("Base") for each in mine):
            groups = [mine]
            self.reached["baseline of v1alpha1"] += 1
        else:
            numbers = sorted({each["spec"]["priority"] for each in mine})
            groups = [[x for x in mine if x["spec"]["priority"] == number] for number in numbers]
        for group in groups:
            answers = [self.first_match(policy, question) for policy in group]
            actions = set().union(*answers) - {None}
            if len(group) > 1 and len(actions) > 1:
                self.reached["equal priorities"] += 1
            found |= {"next" if each == "pass" else str(each) for each in actions}
            if "pass" in actions:
                self.reached["Pass in " + tier] += 1
            if not all(None in answer for answer in answers):
                return found
        return found | {"next"}

    def first_match(self, policy: Json, question: Any) -> set[str | None]:
        pod, _, direction, *_ = question
        selected = self.selects(policy, pod)
        if selected == NO:
            return {None}
        found: set[str | None] = set()
        for rule in policy["spec"].get(direction) or []:
            action = ACTIONS[rule["action"]]
            matched = self.matches(policy, rule, question)
            if any(unknown_peer(peer, direction) for peer in rule[PEERS[direction]]):
                self.reached["unknown peer, " + action] += 1
                matched = NO if action == "accept" else YES
                action = "deny"
            if matched == NO:
                continue
            found.add(action)
            self.reached[f"{policy['kind']} {rule['action']}"] += 1
            if matched == YES and selected == YES:
                return found
        return found | {None}

    def networks(self, question: Any) -> set[str]:
        """Who is selected is isolated; what any rule lets through comes through."""
        pod, _, direction, *_ = question
        isolated = allowed = NO
        for policy in self.policies:
            if tier_of(policy) != "network":
                continue
            selected = self.selects(policy, pod)
            if selected == NO or not (policy.get("refused") or self.is_about(policy, direction)):
                continue
            if policy.get("refused"):
                self.reached["refused NetworkPolicy"] += 1
                isolated, allowed = max(isolated, PERHAPS), max(allowed, PERHAPS)
                continue
            isolated = max(isolated, selected)
            for rule in policy["spec"].get(direction) or []:
                one = self.matches(policy, rule or {}, question)
                allowed = max(allowed, min(one, selected))
        found: set[str] = set()
        if isolated and allowed:
            found.add("accept")
            self.reached["let through by a NetworkPolicy"] += 1
        if isolated and allowed != YES:
            found.add("deny")
            self.reached["isolated by a NetworkPolicy"] += 1
        if isolated != YES:
            found.add("next")
        return found

    def is_about(self, policy: Json, direction: str) -> bool:
        types = policy["spec"].get("policyTypes")
        if types:
            return direction.capitalize() in types
        self.reached["policyTypes filled in"] += 1
        return direction == "ingress" or bool(policy["spec"].get("egress"))

    # what a rule matches

    def selects(self, policy: Json, end: End) -> int:
        pod = end.pod
        assert pod is not None
        namespace = pod["metadata"]["namespace"]
        if policy["kind"] == "NetworkPolicy":
            if policy["metadata"]["namespace"] != namespace:
                return NO
            found = YES
            if not policy.get("refused"):
                found = self.labels(policy["spec"].get("podSelector"), pod)
            if found and end.on_host:
                self.reached["NetworkPolicy selects a pod on the host"] += 1
                return PERHAPS
            return found
        if policy.get("refused"):
            return NO if end.on_host else YES
        return self.pods_of_admin(policy["spec"]["subject"], end)

    def pods_of_admin(self, peer: Json, end: End) -> int:
        """A peer or a subject of a policy of a cluster: never a pod on its node's network."""
        if end.pod is None or end.on_host:
            return NO
        if "namespaces" in peer:
            self.reached["namespaces of a cluster's policy"] += 1
            return self.namespace(peer["namespaces"], end.pod)
        both = peer["pods"]
        self.reached["pods of a cluster's policy"] += 1
        return min(
            self.namespace(both.get("namespaceSelector"), end.pod),
            self.labels(both["podSelector"], end.pod),
        )

    def matches(self, policy: Json, rule: Json, question: Any) -> int:
        _, peer, direction, target, at = question
        peers = rule.get(PEERS[direction]) or []
        if policy["kind"] == "NetworkPolicy":
            one = max((self.peer(policy, each, peer) for each in peers), default=YES)
            if not peers:
                self.reached["rule without peers"] += 1
        else:
            one = max(self.admin_peer(each, peer, direction) for each in peers)
        return min(one, self.ports(policy, rule, target, at))

    def peer(self, policy: Json, peer: Json, end: End) -> int:
        if "ipBlock" in peer:
            self.reached["ipBlock"] += 1
            found = self.in_blocks([peer["ipBlock"]["cidr"]], peer["ipBlock"].get("except"), end)
            if end.pod is None and end.node is None:
                return found
            if found and self.blocks != "everywhere":
                self.reached["ipBlock and the cluster, " + self.blocks] += 1
            return {"everywhere": found, "outside": NO, "unknown": min(found, PERHAPS)}[self.blocks]
        if end.pod is None:
            return NO
        pod = end.pod
        if peer.get("namespaceSelector") is None:
            same = pod["metadata"]["namespace"] == policy["metadata"]["namespace"]
            one = YES if same else NO
        else:
            self.reached["namespaceSelector"] += 1
            one = self.namespace(peer["namespaceSelector"], pod)
        found = min(one, self.labels(peer.get("podSelector"), pod))
        if found and end.on_host:
            self.reached["peer on the host"] += 1
            return PERHAPS
        return found

    def admin_peer(self, peer: Json, end: End, direction: str) -> int:
        if unknown_peer(peer, direction):
            return NO
        if "networks" in peer:
            self.reached["networks"] += 1
            return self.in_blocks(peer["networks"], None, end)
        if "nodes" in peer:
            self.reached["nodes"] += 1
            if end.node is not None:
                return self.labels(peer["nodes"], end.node)
            if end.pod is not None and end.on_host:
                every = not peer["nodes"].get("matchLabels")
                every = every and not peer["nodes"].get("matchExpressions")
                self.reached["nodes, and a pod on the host"] += 1
                return YES if every else PERHAPS
            return NO
        if "domainNames" in peer:
            self.reached["domainNames"] += 1
            return NO if end.pod is not None else PERHAPS
        return self.pods_of_admin(peer, end)

    def in_blocks(self, cidrs: Sequence[str], but: Sequence[str] | None, end: End) -> int:
        networks = [NETWORK(each, strict=False) for each in cidrs]
        excepted = [NETWORK(each, strict=False) for each in but or []]
        if excepted:
            self.reached["except"] += 1
        addresses = addresses_of(end)
        if not addresses:
            self.reached["address not told"] += 1
            both = {4, 6} == {each.version for each in networks if each.prefixlen == 0}
            if both and not excepted:
                self.reached["address not told, and none is outside"] += 1
                return YES
            return PERHAPS
        inside = []
        for text in addresses:
            address = ADDRESSES(text)
            self.reached[f"address of IPv{address.version}"] += 1
            within = any(address in each for each in networks)
            out = any(address in each for each in excepted)
            if within and out:
                self.reached["address that is excepted"] += 1
            inside.append(within and not out)
        if all(inside):
            return YES
        if any(inside):
            self.reached["one of two addresses"] += 1
            return PERHAPS
        return NO

    def ports(self, policy: Json, rule: Json, target: End, at: tuple[str, int]) -> int:
        if policy["kind"] == "ClusterNetworkPolicy":
            entries = [self.of_protocol(each) for each in rule.get("protocols") or []]
        elif policy["kind"] == "NetworkPolicy":
            entries = [self.of_network(each or {}) for each in rule.get("ports") or []]
        else:
            entries = [self.of_admin(each) for each in rule.get("ports") or []]
        if not entries:
            self.reached["rule without ports"] += 1
            return YES
        return max(self.port(each, target, at) for each in entries)

    def of_network(self, entry: Json) -> Json:
        protocol, port = entry.get("protocol", "TCP"), entry.get("port")
        if port is None:
            self.reached["protocol alone"] += 1
            return {"protocol": protocol, "first": 1, "last": 65535}
        if isinstance(port, str):
            return {"protocol": protocol, "name": port}
        if "endPort" in entry:
            self.reached["endPort"] += 1
        return {"protocol": protocol, "first": port, "last": entry.get("endPort", port)}

    def of_admin(self, entry: Json) -> Json:
        if "namedPort" in entry:
            return {"name": entry["namedPort"]}
        found = entry.get("portNumber") or entry["portRange"]
        self.reached["portNumber" if "portNumber" in entry else "portRange"] += 1
        first = found.get("port", found.get("start"))
        last = found.get("port", found.get("end"))
        return {"protocol": found.get("protocol", "TCP"), "first": first, "last": last}

    def of_protocol(self, entry: Json) -> Json:
        if "destinationNamedPort" in entry:
            self.reached["destinationNamedPort"] += 1
            return {"name": entry["destinationNamedPort"]}
        ((name, found),) = entry.items()
        port = found["destinationPort"]
        self.reached["port of a protocol"] += 1
        first = port["number"] if "number" in port else port["range"]["start"]
        last = port["number"] if "number" in port else port["range"]["end"]
        return {"protocol": name.upper(), "first": first, "last": last}

    def port(self, entry: Json, target: End, at: tuple[str, int]) -> int:
        protocol, number = at
        if "name" not in entry:
            same = entry["protocol"] == protocol and entry["first"] <= number <= entry["last"]
            return YES if same else NO
        if target.pod is None:
            self.reached["named port of no pod"] += 1
            return NO
        mine = [
            (port.get("protocol", "TCP"), port["containerPort"])
            for port in ports_of(target.pod)
            if port.get("name") == entry["name"]
        ]
        if (protocol, number) in mine and entry.get("protocol", protocol) == protocol:
            self.reached["named port"] += 1
            return YES
        if target.pod.get("adds") == "any" and entry.get("protocol", protocol) == protocol:
            self.reached["named port of a container that may be added"] += 1
            return PERHAPS
        self.reached["named port elsewhere"] += 1
        return NO

    # labels

    def namespace(self, selector: Json | None, pod: Json) -> int:
        name = pod["metadata"]["namespace"]
        found = self.namespaces.get(name)
        labels = {**(found or {}), "kubernetes.io/metadata.name": name}
        if found is None:
            self.reached["namespace that was not read"] += 1
        asked = {"metadata": {"labels": labels}, "adds": "any" if found is None else "none"}
        return self.labels(selector, asked)

    def labels(self, selector: Json | None, of: Json) -> int:
        answer = YES
        labels = of.get("metadata", {}).get("labels") or {}
        for key, value in ((selector or {}).get("matchLabels") or {}).items():
            answer = min(answer, self.one(labels, of, key, "In", [value]))
        for each in (selector or {}).get("matchExpressions") or []:
            self.reached[each["operator"]] += 1
            values = each.get("values") or []
            answer = min(answer, self.one(labels, of, each["key"], each["operator"], values))
        return answer

    def one(self, labels: Json, of: Json, key: str, operator: str, values: Sequence[str]) -> int:
        adds = of.get("adds", "none")
        if key not in labels and (
            adds == "any" or (adds == "controllers" and key in ADDED_BY_CONTROLLERS)
        ):
            self.reached["label that " + adds + " may add"] += 1
            return PERHAPS
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[operator]
        return YES if holds else NO


def tier_of(policy: Json) -> str:
    if policy["kind"] == "NetworkPolicy":
        return "network"
    if policy["kind"] == "BaselineAdminNetworkPolicy":
        return "baseline"
    return "baseline" if policy["spec"].get("tier") == "Baseline" else "admin"


def unknown_peer(peer: Json, direction: str) -> bool:
    known = {"namespaces", "pods"}
    if direction == "egress":
        known |= {"nodes", "networks", "domainNames"}
    return not known & set(peer)


def addresses_of(end: End) -> list[str]:
    if end.pod is not None:
        return [each["ip"] for each in end.pod.get("status", {}).get("podIPs") or []]
    if end.node is not None:
        return [each["address"] for each in end.node["status"]["addresses"]]
    return [end.address]


def ports_of(pod: Json) -> Iterable[Json]:
    staying = [
        each
        for each in pod["spec"].get("initContainers") or []
        if each.get("restartPolicy") == "Always"
    ]
    for container in [*pod["spec"]["containers"], *staying]:
        yield from container.get("ports") or []
