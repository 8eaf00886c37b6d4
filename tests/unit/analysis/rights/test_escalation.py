"""The ways to every right, against everybody's every action tried out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from auditor.analysis.rights.escalation import Population, Ways
from auditor.analysis.rights.footholds import ADMIN, CONTROLLERS, MASTERS, Foothold, Step
from auditor.analysis.rights.matching import PolicyRule
from auditor.analysis.rights.reading import rows_of
from auditor.analysis.rights.resolving import Rights, resolve
from auditor.analysis.rights.subjects import KINDS, Subject
from auditor.model.resource import Resource
from tests.sweeps import sweep
from tests.unit.analysis.rights import naive
from tests.unit.analysis.rights.naive import Bound, Small, Who
from tests.unit.analysis.rights.worlds import FILES, binding, role, rule

OF_EVERY_CLUSTER = (Foothold.of(MASTERS), Foothold.of(CONTROLLERS))
NOBODY = Population({}, {})
RBAC, ADMISSION, CERTIFICATES = naive.RBAC, naive.ADMISSION, naive.CERTIFICATES
Rule = dict[str, list[str]]
IDENTITIES, ON = "authentication.k8s.io", "impersonate-on:user-info:"


def rights(*resources: Resource) -> Rights:
    rows = [row for each in resources for row in rows_of(each, FILES)]
    roles = [row for row in rows if row.tag == "a-role"]
    return resolve(roles, [row for row in rows if row.tag == "binding"])


def way(subject: str, *resources: Resource, population: Population = NOBODY) -> list[str]:
    """What is done on the way of a subject: ``User eve``, ``ml/bot``."""
    kind, _, name = subject.rpartition(" ")
    namespace, _, plain = name.rpartition("/")
    found = Ways(rights(*resources), population)
    return [
        step.edge.how
        for step in found.way(Subject(kind or "ServiceAccount", plain, namespace))
        if step.edge.by
    ]


RUN = role("run", rule("create", "pods"))
TOKENS = role("tokens", rule("create", "serviceaccounts/token"))
OPERATOR = binding("op", "cluster-admin", "ml/operator")


def test_from_a_namespace_to_the_cluster() -> None:
    found = way("Group ds", RUN, OPERATOR, binding("b", "run", "Group ds", namespace="ml"))
    assert found == ["runs pods in ml, as any account", "may do everything in every namespace"]
    assert way("Group ds", RUN, OPERATOR, binding("b", "run", "Group ds", namespace="web")) == []


def test_kube_system_leads_to_everything() -> None:
    system = binding("b", "tokens", "User ci", namespace="kube-system")
    assert way("User ci", TOKENS, system) == ["issues tokens of any account in kube-system"]
    everywhere = binding("b", "tokens", "User ci")
    assert way("User ci", TOKENS, everywhere) == ["issues tokens of any account in every namespace"]


def test_a_chain_of_three() -> None:
    one = role("one", rule("create", "serviceaccounts/token", "", "two"))
    two = role("two", rule("impersonate", "serviceaccounts", "", "operator"))
    found = way(
        "User eve",
        *(one, two, OPERATOR),
        binding("a", "one", "User eve", namespace="ml"),
        binding("b", "two", "ml/two", namespace="ml"),
    )
    assert found == [
        "issues tokens of ml/two",
        "impersonates ml/operator",
        "may do everything in every namespace",
    ]


def test_rights_of_a_group_and_of_its_member_add_up() -> None:
    rbac = "rbac.authorization.k8s.io"
    binds = role("binds", rule("bind", "clusterroles", rbac))
    writes = role("writes", rule("create", "clusterrolebindings", rbac))
    both = (binds, writes, binding("a", "binds", "Group system:authenticated"))
    assert way("User eve", *both, binding("b", "writes", "User eve")) == [
        "binds a role that allows everything"
    ]
    assert way("User eve", *both, binding("b", "writes", "User eve", namespace="ml")) == []


def test_who_enters_pods_is_whoever_runs_there() -> None:
    enters = role("enters", rule("create", "pods/exec"))
    bound = (enters, OPERATOR, binding("b", "enters", "User eve", namespace="ml"))
    runs = Population({}, {"ml": frozenset({"operator"})})
    other = Population({}, {"ml": frozenset({"web"}), "web": frozenset({"operator"})})
    assert way("User eve", *bound, population=runs)[0] == "enters pods in ml"
    assert way("User eve", *bound, population=other) == []


def test_an_account_that_is_not_there_is_nobody() -> None:
    bound = (RUN, OPERATOR, binding("b", "run", "User eve", namespace="ml"))
    gone = Population({"ml": frozenset({"default"})}, {}, whole=True)
    there = Population({"ml": frozenset({"default", "operator"})}, {}, whole=True)
    assert way("User eve", *bound, population=gone) == []
    assert len(way("User eve", *bound, population=there)) == 2


def test_what_is_not_settled_is_no_way() -> None:
    agg = {"clusterRoleSelectors": [{"matchLabels": {"to": "a"}}]}
    labels = {"labels": {"to": "a"}}
    one = role("one", rule("*", "*", "*"), aggregationRule=agg, metadata=labels)
    two = role("two", aggregationRule=agg, metadata=labels)
    assert way("User eve", one, two, binding("b", "two", "User eve")) == []


def test_five_thousand_bindings_are_walked_once() -> None:
    made = [RUN, TOKENS, OPERATOR]
    made += [
        binding(f"b{at}", "run", f"ns{at % 500}/a{at}", namespace=f"ns{at % 500}")
        for at in range(5_000)
    ]
    found = Ways(rights(*made), NOBODY)
    assert sum(found.actions(each) is not None for each in found.subjects) == 1


def test_a_group_of_all_in_many_namespaces_is_looked_at_once() -> None:
    some = role("some", rule("get", "configmaps"), rule("create", "pods/exec"))
    everybody = [
        binding(f"g{at}", "some", "Group system:authenticated", namespace=f"ns{at}")
        for at in range(1_500)
    ]
    named = [binding(f"b{at}", "view", f"ns{at}/a", namespace=f"ns{at}") for at in range(1_500)]
    looked = 0
    found = Ways(rights(some, *everybody, *named), NOBODY)
    for subject in found.subjects:
        looked += len(found.way(subject))
    assert looked == 0


def test_as_somebody_who_may_do_everything_for_some_requests() -> None:
    be = rule("impersonate:user-info", "users groups", IDENTITIES, "eve", "admins")
    makes = rule(f"{ON}create", "clusterrolebindings", RBAC)
    admins = binding("a", "cluster-admin", "Group admins", "ml/operator")
    bound = binding("b", "acts", "User ci")
    found = way("User ci", role("acts", be, makes), bound, admins)
    assert found == ["as the group admins binds a role that allows everything"]
    assert way("User ci", role("acts", be), bound, admins) == []
    assert way("User ci", role("acts", makes), bound, admins) == []
    assert way("User ci", role("acts", be, makes), bound) == []
    on_roles = rule(f"{ON}create", "clusterroles", RBAC)
    assert way("User ci", role("acts", be, on_roles), bound, admins) == []


def test_nobody_is_a_master_for_some_requests() -> None:
    be = rule("impersonate:user-info", "users groups", IDENTITIES, "eve", "system:masters")
    makes = rule(f"{ON}create", "clusterrolebindings", RBAC)
    masters = binding("a", "cluster-admin", "Group system:masters")
    assert way("User ci", role("acts", be, makes), binding("b", "acts", "User ci"), masters) == []


def test_the_name_of_all_groups_is_what_four_are_asked_by() -> None:
    be = rule("impersonate:user-info", "users groups", IDENTITIES, "eve", "*")
    makes = rule(f"{ON}create", "clusterrolebindings", RBAC)
    admins = binding("a", "cluster-admin", "Group admins")
    found = way("User ci", role("acts", be, makes), binding("b", "acts", "User ci"), admins)
    assert found == ["as the group admins binds a role that allows everything"]
    named = binding("a", "cluster-admin", "User root")
    assert way("User ci", role("acts", be, makes), binding("b", "acts", "User ci"), named) == []


def test_as_an_account_of_a_namespace_in_another() -> None:
    be = rule("impersonate:serviceaccount", "serviceaccounts", IDENTITIES)
    runs = rule("impersonate-on:serviceaccount:create", "pods")
    bound = (binding("b", "be", "User ci", namespace="ml"), binding("c", "runs", "User ci"))
    found = way("User ci", role("be", be), role("runs", runs), *bound, OPERATOR)
    assert found == ["as the account ml/operator runs pods in every namespace, as any account"]
    elsewhere = (binding("b", "be", "User ci", namespace="web"), bound[1])
    assert way("User ci", role("be", be), role("runs", runs), *elsewhere, OPERATOR) == []


RULES = [
    *(rule("create", "pods"), rule("patch", "deployments", "apps"), rule("create", "pods", "", "")),
    *(rule("create", "pods/exec"), rule("update", "pods/ephemeralcontainers")),
    rule("get update", "pods"),
    *(rule("create", "serviceaccounts/token"), rule("create", "serviceaccounts/token", "", "a")),
    *(rule("create", "secrets"), rule("get", "secrets"), rule("list", "secrets", "", "", "x")),
    *(rule("impersonate", "serviceaccounts"), rule("impersonate", "serviceaccounts", "", "b")),
    *(rule("impersonate", "users"), rule("impersonate", "users groups", "", "eve", "ops")),
    *(rule("impersonate", "groups"), rule("impersonate", "users", "", "eve", "adam")),
]
RULES += [
    *(
        rule("bind", "clusterroles", RBAC),
        rule("bind", "clusterroles", RBAC, "cluster-admin", "r1"),
    ),
    *(rule("create", "rolebindings", RBAC), rule("create patch", "clusterrolebindings", RBAC)),
    *(rule("escalate", "clusterroles roles", RBAC), rule("patch", "clusterroles roles", RBAC)),
    *(rule("escalate update", "*", RBAC, "r1", "r2", "q1"), rule("escalate", "roles", "*", "q2")),
    rule("create", "certificatesigningrequests", CERTIFICATES),
    rule("update approve", "certificatesigningrequests/approval signers", CERTIFICATES),
    rule("approve patch", "*", CERTIFICATES, "kubernetes.io/*", "mine"),
    *(rule("create", "mutatingwebhookconfigurations", ADMISSION), rule("get", "nodes/proxy")),
    rule("patch", "mutatingwebhookconfigurations", ADMISSION, "mine"),
    rule("create", "mutatingadmissionpolicies mutatingadmissionpolicybindings", ADMISSION),
    *(
        rule("*", "*", "*"),
        rule("*", "*", "*", "a", "r1"),
        rule("*", "*"),
        rule("create", "*", "*"),
    ),
]
ACTING = [
    rule("impersonate:user-info", "users groups", IDENTITIES),
    rule("impersonate:user-info", "users groups", IDENTITIES, "eve", "ops", "*"),
    rule("impersonate:user-info", "*", IDENTITIES, "eve", "adam"),
    rule("impersonate:serviceaccount", "serviceaccounts", IDENTITIES),
    rule("impersonate:serviceaccount", "serviceaccounts", IDENTITIES, "a", "d"),
    rule("*", "*", IDENTITIES),
    rule(f"{ON}create", "clusterrolebindings rolebindings", RBAC),
    rule(f"{ON}create {ON}get", "*"),
    rule(f"{ON}patch impersonate-on:serviceaccount:patch", "clusterroles roles", RBAC),
    rule("impersonate-on:serviceaccount:create", "pods serviceaccounts/token"),
    rule("impersonate-on:serviceaccount:create", "rolebindings", RBAC),
    rule(f"{ON}create {ON}update", "*", CERTIFICATES),
    rule(f"{ON}bind {ON}escalate {ON}*", "*", "*"),
]
SPACES = ("ml", "web", "kube-system")
SUBJECTS = (
    *("ml/a", "ml/b", "web/a", "web/c", "kube-system/d", "User eve", "User adam", "Group ops"),
    *("Group system:authenticated", "Group system:serviceaccounts:ml"),
    "Group system:serviceaccounts",
)
ALL = PolicyRule(("*",), ("*",), ("*",))


class Made:
    """A small cluster, in the two forms."""

    def __init__(self, seed: int, rules: Sequence[Rule] = RULES, *more: str) -> None:
        """``rules`` are what roles are made of; to ``more`` every right is bound."""
        chance = random.Random(seed)
        roles: dict[tuple[str, str], list[dict[str, list[str]]]] = {}
        for at in range(3):
            roles["", f"r{at}"] = chance.sample(rules, chance.choice((1, 2, 3)) + 2 * len(more))
        for space in ("ml", "kube-system"):
            roles[space, "q1"] = chance.sample(rules, 2)
        resources = [role(name, *rules, namespace=space) for (space, name), rules in roles.items()]
        bound = [Bound("", "ClusterRole", "cluster-admin", [_who(each)]) for each in more]
        resources += [binding("more", "cluster-admin", each) for each in more]
        for at in range(chance.choice((2, 3, 4, 5))):
            space = chance.choice(("", "ml", "ml", "web", "kube-system"))
            of = chance.choice([*(f"r{each}" for each in range(3)), "cluster-admin", "q1"])
            kind = "Role" if space and of == "q1" else "ClusterRole"
            named = chance.sample(SUBJECTS, chance.choice((1, 2)))
            resources.append(binding(f"b{at}", of, *named, namespace=space, kind=kind))
            bound.append(Bound(space, kind, of, [_who(each) for each in named]))
        running = {_who(each) for each in SUBJECTS if "/" in each and chance.random() < 0.4}
        policy = {
            key: [msgspec.convert(each, PolicyRule) for each in rules]
            for key, rules in roles.items()
        }
        policy["", "cluster-admin"] = [ALL]
        self.small = Small(policy, bound, SPACES, frozenset(running))
        spaces = {
            space: frozenset(name for _, s, name in running if s == space) for space in SPACES
        }
        self.ways = Ways(rights(*resources), Population({}, spaces))


def _who(text: str) -> Who:
    kind, _, name = text.rpartition(" ")
    namespace, _, plain = name.rpartition("/")
    return kind or "ServiceAccount", namespace, plain


@sweep(some=400, whole=6_000)
def test_everybody_comes_as_far_as_by_trying(size: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(size):
        made = Made(seed)
        for subject in made.ways.subjects:
            start = (subject.kind, subject.namespace, subject.name)
            expected = naive.distance(made.small, start)
            assert made.ways.actions(subject) == expected, (seed, str(subject))
            steps = made.ways.way(subject)
            assert (not steps) is (expected is None)
            seen["nowhere" if expected is None else f"in {min(expected, 3)}"] += 1
            seen.update(_done(step) for step in steps if step.edge.by)
            assert list(_broken(steps)) == []
    assert all(seen[each] > size // 60 for each in ("nowhere", "in 1", "in 2", "in 3")), seen
    assert set(DONE) <= seen.keys(), seen


@sweep(some=150, whole=4_000)
def test_everybody_acts_as_far_as_by_trying(size: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(size):
        admin = ("Group ops", "User eve", "ml/a")[seed % 3]
        made = Made(seed, [*ACTING[:2] * 3, *ACTING, *ACTING[6:8] * 3], admin)
        for subject in made.ways.subjects:
            start = (subject.kind, subject.namespace, subject.name)
            assert made.ways.actions(subject) == naive.distance(made.small, start), (seed, start)
            steps = made.ways.way(subject)
            seen.update(_done(step) for step in steps if step.edge.by)
            assert list(_broken(steps)) == []
    assert all(seen[each] > size // 40 for each in ACTED), seen


ACTED = ("as the group", "as the user", "as the account")
DONE = (
    *("may do everything", "runs pods in", "issues tokens of any", "issues tokens of"),
    *("impersonates any account", "impersonates any user", "impersonates any group"),
    *("impersonates the user", "impersonates", "has a secret filled", "enters pods in"),
    *("enters every pod", "binds a role", "approves a certificate", "has admission change"),
    "writes every right",
)
"""How each kind of step begins, the longer of two first."""


def _done(step: Step) -> str:
    return next(each for each in (*DONE, *ACTED) if step.edge.how.startswith(each))


def _broken(steps: Sequence[Step]) -> Iterator[Step]:
    """Steps that do not begin where the one before ends, or do not end with every right."""
    for step, end in zip(steps, [*(each.start for each in steps[1:]), ADMIN], strict=False):
        by_itself = step.start.kind not in KINDS or step.start in OF_EVERY_CLUSTER
        if step.edge.to != end or not (step.edge.by or step.edge.free or by_itself):
            yield step
