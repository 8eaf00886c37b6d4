"""What audit policies say: the API server's own code is the judge, of what chance makes."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence

from auditor.analysis.auditing.coverage import coverage
from auditor.analysis.auditing.matching import Matcher
from auditor.analysis.auditing.policy import Decision, Request
from auditor.analysis.auditing.reading import Read, read_policy
from auditor.analysis.auditing.requests import ASKED as OBJECTS
from auditor.analysis.auditing.requests import CHANGES, Topic
from collectors.documents.guards import Unreadable
from collectors.documents.values import value_of
from tests.engines.auditpolicies import AuditPolicies, Decided
from tests.sweeps import sweep
from tests.unit.analysis.auditing import policies

SOME, WHOLE = 300, 5_000
"""Policies, of forty requests each."""
ASKED = 40
_FIELDS = (
    *("users", "groups", "verbs", "namespaces", "resources", "urls", "omit_stages"),
    "omit_managed_fields",
)


def ours(text: str) -> Read | None:
    """What we read; None where it is no YAML."""
    try:
        return read_policy(value_of(text))
    except Unreadable:
        return None


def plain(decision: Decision) -> Decided:
    omitted = tuple(sorted(decision.omit_stages))
    level = decision.level.title
    return Decided(level, decision.rule, omitted, decision.omit_managed_fields)


def features(matcher: Matcher, request: Request, decision: Decision) -> Iterator[str]:
    """What of a policy decided, to see that chance reaches all of it."""
    yield f"level {decision.level.title}"
    yield "a URL" if request.url else "a subresource" if request.subresource else "a resource"
    if decision.rule < 0:
        yield "no rule"
        return
    rule = matcher.policy.rules[decision.rule]
    yield from (f"by {name}" for name in _FIELDS if getattr(rule, name))
    for url in rule.urls:
        if request.url and url != request.url and url.endswith("*"):
            yield "URL that begins so" if url != "*" else "any URL"
    for each in rule.resources:
        if each.group == "*" or not each.resources:
            yield "any group" if each.group == "*" else "a whole group"
        if request.name in each.names:
            yield "by a name"
        yield from _ways(each.resources, request)


def _ways(written: Sequence[str], request: Request) -> Iterator[str]:
    for each in written:
        if each == "*":
            yield "any resource"
        elif each == f"{request.resource}/*":
            yield "a resource with all below" if request.subresource else "itself by what is below"
        elif request.subresource and each == f"*/{request.subresource}":
            yield "a subresource of any"


@sweep(SOME, WHOLE)
def test_policies(auditpolicy: AuditPolicies, size: int) -> None:
    dice = random.Random(20)
    questions = [
        (json.dumps(policies.policy(dice)), [policies.request(dice) for _ in range(ASKED)])
        for _ in range(size)
    ]
    reached: Counter[str] = Counter()
    for (text, requests), theirs in zip(questions, auditpolicy.asked(questions), strict=True):
        read = ours(text)
        assert read is not None
        assert read.policy is not None, (read.refused, text)
        assert theirs.decisions is not None, (theirs.error, text)
        matcher = Matcher(read.policy)
        for request, expected in zip(requests, theirs.decisions, strict=True):
            decision = matcher.decide(request)
            assert plain(decision) == expected, (text, request)
            reached.update(features(matcher, request, decision))
    assert len(reached) == 25, sorted(reached)
    assert min(reached.values()) > size // 10, reached.most_common()


@sweep(800, 20_000)
def test_anything_in_a_policy(auditpolicy: AuditPolicies, size: int) -> None:
    dice = random.Random(39)
    texts = [json.dumps(policies.changed(dice)) for _ in range(size)]
    became: Counter[tuple[bool, bool]] = Counter()
    for text, theirs in zip(texts, auditpolicy.asked((text, ()) for text in texts), strict=True):
        read = ours(text)
        assert read is not None
        assert (read.policy is None) == bool(theirs.error), (read.refused, theirs.error, text)
        if not theirs.error:
            assert (not read.ignored) == theirs.strict, (read.ignored, text)
        became[bool(theirs.error), theirs.strict] += 1
    assert len(became) == 3, became


PEOPLE: Sequence[tuple[str, tuple[str, ...]]] = (
    *policies.CALLERS[:4],
    ("alice", ("system:authenticated",)),
    ("zoe", ("ops", "system:authenticated")),
    ("system:admin", ("system:masters", "system:authenticated")),
)
"""Who is no component, in whatever groups."""
MATTER = [
    (asked, verb)
    for asked in OBJECTS
    for verb in asked.verbs
    if asked.resource != "configmaps"
    and (
        not {Topic.ENTERS, Topic.SECRET}.isdisjoint(asked.topics)
        or (verb in CHANGES and Topic.CHANGED in asked.topics)
    )
    and asked.resource != "tokenreviews"
]


def that_matters(dice: random.Random) -> Request:
    """A change, an entrance or a Secret that is read: of who did it there has to be a trace."""
    asked, verb = dice.choice(MATTER)
    resource, _, below = asked.resource.partition("/")
    namespace = dice.choice(("ml", "default", "else")) if asked.namespaced else ""
    name = dice.choice(policies.NAMES) if below or verb in ("update", "patch", "delete") else ""
    user, groups = dice.choice(PEOPLE)
    return Request(user, groups, verb, asked.group, resource, below, namespace, name)


@sweep(150, 3_000)
def test_whatever_leaves_no_trace_is_told(auditpolicy: AuditPolicies, size: int) -> None:
    """Of people who change something, by any name and in any groups: the rule that lets them."""
    dice = random.Random(61)
    made: list[tuple[str, list[Request]]] = []
    for _ in range(size):
        rules = [policies.rule(dice) for _ in range(dice.randint(1, 3))]
        for each in rules:
            each["level"] = dice.choice(("None", "Metadata"))
            each.pop("nonResourceURLs", None)
        document = {**policies.policy(dice), "rules": [*rules, {"level": "Metadata"}]}
        made.append((json.dumps(document), [that_matters(dice) for _ in range(80)]))
    silent: Counter[bool] = Counter()
    for (text, requests), theirs in zip(made, auditpolicy.asked(made), strict=True):
        read = ours(text)
        assert read is not None
        assert read.policy is not None, text
        assert theirs.decisions is not None, theirs.error
        found = coverage(Matcher(read.policy))
        every = (*found.unlogged, *found.exempt, *found.entered, *found.taken)
        told = {each.rule for each in every}
        for request, decided in zip(requests, theirs.decisions, strict=True):
            if decided.level == "None":
                silent[bool(read.policy.rules[decided.rule].groups)] += 1
                assert decided.rule + 1 in told, (text, request)
    assert min(silent[True], silent[False]) > size, silent


HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
TEXTS = {
    "another document behind it": f"{HEAD}rules: [{{level: None}}]\n---\nrules: bad\n",
    "a separator before it": f"# a\n---\n{HEAD}rules: [{{level: None}}]\n",
    "an empty document before it": f"---\n---\n{HEAD}rules: [{{level: None}}]\n",
    "a word for true": f"{HEAD}rules: [{{level: None, verbs: [get, on]}}]\n",
    "a number": f"{HEAD}rules: [{{level: None, users: [1e3]}}]\n",
    "a date": f"{HEAD}rules: [{{level: None, users: [2020-01-01]}}]\n",
    "nulls": f"{HEAD}rules: [{{level: None, users: [~, a], verbs: ~}}]\n",
    "a field twice": f"{HEAD}rules: [{{level: bad, level: None}}]\n",
    "an anchor": f"{HEAD}rules:\n- &a {{level: None}}\n- {{<<: *a, users: [b]}}\n",
    "a tab": f"{HEAD}rules:\n\t- level: None\n",
    "a number for a field": f"{HEAD}rules: [{{level: None, 1: a}}]\n",
    "nothing": "",
    "a text": "hello",
    "a byte order mark": f"\ufeff{HEAD}rules: [{{level: None}}]\n",
    "carriage returns": f"{HEAD}rules: [{{level: None}}]\n".replace("\n", "\r\n"),
    "an end": f"{HEAD}rules: [{{level: None}}]\n...\nfoo: [\n",
}


def test_texts(auditpolicy: AuditPolicies) -> None:
    """What YAML makes of a policy: its first document, in words of YAML 1.1."""
    answers = auditpolicy.asked((text, ()) for text in TEXTS.values())
    refused = {name for name, theirs in zip(TEXTS, answers, strict=True) if theirs.error}
    read = {name: ours(text) for name, text in TEXTS.items()}
    assert {name for name, found in read.items() if found is None or not found.policy} == refused
    assert 4 < len(refused) < 10


@sweep(600, 20_000)
def test_policies_that_may_be_refused(auditpolicy: AuditPolicies, size: int) -> None:
    dice = random.Random(7)
    made = [policies.broken(dice) for _ in range(size)]
    texts = [json.dumps(each) for each, _ in made]
    answers = auditpolicy.asked((text, ()) for text in texts)
    reached: Counter[tuple[str, bool]] = Counter()
    for (_, name), text, theirs in zip(made, texts, answers, strict=True):
        read = ours(text)
        assert read is not None
        assert (read.policy is None) == bool(theirs.error), (name, read, theirs.error, text)
        if not theirs.error:
            assert (not read.ignored) == theirs.strict, (name, read.ignored, text)
        reached[name, bool(theirs.error)] += 1
    assert {name for name, _ in reached} == set(policies.BREAKING)
    assert {refused for _, refused in reached} == {False, True}
