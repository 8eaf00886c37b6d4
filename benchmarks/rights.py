"""The figure of effective rights: what resolving them costs over the same scan without it.

*With* is the default profile and ``effective-rights``: every role with its holders is listed, the
way of each subject to every right is walked, and what each may change is told. *Without* is the
default profile less every rule on such facts, of which results list none, which is looked at. Both
scan the same files, in pairs, with the rules compiled and no result known. Half of the roles are
of namespaces, one in twenty is aggregated, one binding in ten is of the whole cluster.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Figure, Run, cpu, median, paired

if TYPE_CHECKING:
    from benchmarks.figures import Bench

ROOT = Path(__file__).resolve().parents[1]
BINDINGS, ROLES, ACCOUNTS, SPACES = 5_000, 2_000, 5_000, 500
MOST_SECONDS = 4.0
MOST_MIB = 48
PAGE = 500
WITH, WITHOUT = "with-rights", "without-rights"
API = "rbac.authorization.k8s.io"
Object = dict[str, Any]


def rights(bench: Bench) -> Figure:
    """5,000 bindings of 2,000 roles to 5,000 accounts; the worse of two goals.

    Seconds of processor more than without, and MiB more of the largest process.
    """
    policies = _policies(bench.folder)
    target = bench.folder / "rights"
    if not target.is_dir():
        write_rights(target, seed=5)

    def scan(profile: str) -> Run:
        shutil.rmtree(bench.cache / "auditor" / "results", ignore_errors=True)
        return bench.scan(target.resolve(), "--policies", str(policies), "--profile", profile)

    ours, without = paired(lambda: scan(WITH), lambda: scan(WITHOUT), bench.pairs)
    if bench.verdicts()["facts"]:
        raise RuntimeError("there are facts about rights where no rule judges any")
    scan(WITH)
    more = [a.cpu - b.cpu for a, b in zip(ours, without, strict=True)]
    mib = max(each.peak for each in ours) - max(each.peak for each in without)
    return Figure(
        "5,000 bindings resolved, over the same without",
        max(statistics.median(more) / MOST_SECONDS, mib / MOST_MIB),
        1.0,
        (min(more) / MOST_SECONDS, max(more) / MOST_SECONDS),
        {
            "cpu s": median(ours, cpu),
            "without cpu s": median(without, cpu),
            "more cpu s": statistics.median(more),
            "peak MiB": max(each.peak for each in ours),
            "more MiB": mib,
            **bench.verdicts(),
        },
    )


def _policies(folder: Path) -> Path:
    """A folder of policies with the two profiles."""
    rules = sorted(each.stem for each in (ROOT / "policies/rules").rglob("k8s-rights-*.yaml"))
    without = {"exclude": [{"ids": rules}], "extends": ["ai-platform"]}
    target = folder / "policies-of-rights"
    (target / "profiles").mkdir(parents=True, exist_ok=True)
    chosen = {WITH: {"extends": ["ai-platform", "effective-rights"]}, WITHOUT: without}
    for name, more in chosen.items():
        profile = {"id": name, "title": name, "description": name, "gate": "high", **more}
        (target / "profiles" / f"{name}.yaml").write_text(json.dumps(profile))
    return target.resolve()


def write_rights(folder: Path, seed: int) -> None:
    """Write roles, bindings and accounts as lists, 500 in each file."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    _pages(folder, "roles", (_role(number, chance) for number in range(ROLES)))
    _pages(folder, "bindings", (_binding(number, chance) for number in range(BINDINGS)))
    accounts = (
        _object("v1", "ServiceAccount", f"a{number}", f"ns{number % SPACES}")
        for number in range(ACCOUNTS)
    )
    _pages(folder, "accounts", accounts)


def _pages(folder: Path, name: str, objects: Iterable[Object]) -> None:
    left = iter(objects)
    for page in range(100):
        items = list(islice(left, PAGE))
        if not items:
            return
        body = {"apiVersion": "v1", "kind": "List", "items": items}
        (folder / f"{name}-{page:02d}.json").write_text(json.dumps(body))


def _object(api: str, kind: str, name: str, namespace: str = "", **fields: object) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


WORDS: Mapping[str, str] = {
    "": "pods secrets configmaps services events nodes pods/exec serviceaccounts/token namespaces",
    "apps": "deployments daemonsets statefulsets replicasets deployments/scale",
    "batch": "jobs cronjobs jobs/status",
    API: "roles rolebindings clusterroles",
}
VERBS = ("get", "list", "watch", "get", "list", "watch", "create", "update", "patch", "delete")


def _role(number: int, chance: random.Random) -> Object:
    """Every second role is of a namespace; of the others one in ten aggregates some."""
    namespace = f"ns{number % SPACES}" if number % 2 == 0 else ""
    rules = list(_rules(chance))
    made = _object(f"{API}/v1", "Role" if namespace else "ClusterRole", f"r{number}", namespace)
    if number % 20 == 1:
        tier = {"matchLabels": {"tier": f"t{number % 97}"}}
        return {**made, "aggregationRule": {"clusterRoleSelectors": [tier]}, "rules": []}
    if not namespace:
        made["metadata"]["labels"] = {"tier": f"t{number % 97}"}
    return {**made, "rules": rules}


def _rules(chance: random.Random) -> Iterator[Object]:
    for _ in range(chance.randint(3, 12)):
        group = chance.choice(list(WORDS))
        resources = chance.sample(WORDS[group].split(), 2)
        yield {"apiGroups": [group], "resources": resources, "verbs": chance.sample(VERBS, 3)}


def _binding(number: int, chance: random.Random) -> Object:
    namespace = "" if number % 10 == 0 else f"ns{number % SPACES}"
    role = chance.randrange(ROLES // 2) * 2 + 1
    kind = "ClusterRole"
    if namespace and number % 3 == 0:
        role, kind = number % SPACES - number % SPACES % 2, "Role"
        kind = "Role" if number % SPACES % 2 == 0 else "ClusterRole"
        role += kind == "ClusterRole"
    reference = {"apiGroup": API, "kind": kind, "name": f"r{role}"}
    home = namespace or f"ns{number % SPACES}"
    subjects: list[Object] = [{"kind": "ServiceAccount", "name": f"a{number}", "namespace": home}]
    if number % 7 == 0:
        subjects.append({"kind": "Group", "apiGroup": API, "name": f"team-{number % 40}"})
    which = "RoleBinding" if namespace else "ClusterRoleBinding"
    fields = {"roleRef": reference, "subjects": subjects}
    return _object(f"{API}/v1", which, f"b{number}", namespace, **fields)
