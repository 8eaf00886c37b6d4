"""Which rule of an audit policy decides about a request, as the API server finds it.

The first rule that matches decides. The server looks at rule after rule; here each value that rules
name has the set of rules that take it, as the bits of a number, and so has everything else::

    0  users [kubelet]      verbs any       secrets       users     kubelet 0b11   others 0b10
    1  users any            verbs [watch]   anything      verbs     watch   0b11   others 0b01
                                                          resources secrets 0b11   others 0b10

A kubelet that watches pods: 0b11 & 0b11 & 0b10 is 0b10, of which the lowest bit is rule 1. So a
thousand questions of ten thousand rules take a few steps each.

What differs from what one would expect: ``pods/*`` is all subresources of pods and pods itself;
``*`` means any of resources, groups and URLs, and of verbs, users and namespaces only what is
called so; a rule with namespaces never takes a URL.

Source: k8s.io/apiserver v0.37.2, pkg/audit/policy/checker.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.analysis.auditing.policy import Decision, Level, Policy, Request, Rule


class Matcher:
    """Answers for one policy; made of it once."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._users = _Values()
        self._groups = _Values()
        self._verbs = _Values()
        self._namespaces = _Values()
        self._urls = _Urls()
        self._resources = _Resources()
        self._anything = 0
        self._of_resources = 0
        for number, rule in enumerate(policy.rules):
            self._learn(1 << number, rule)

    def _learn(self, bit: int, rule: Rule) -> None:
        self._users.learn(bit, rule.users)
        self._groups.learn(bit, rule.groups)
        self._verbs.learn(bit, rule.verbs)
        if rule.of_resources:
            self._of_resources |= bit
            self._namespaces.learn(bit, rule.namespaces)
            self._resources.learn(bit, rule)
        elif rule.urls:
            self._urls.learn(bit, rule.urls)
        else:
            self._anything |= bit

    def matching(self, request: Request) -> int:
        """Say which rules match a request: bit n is for rule n."""
        return (
            self.of_caller(request.user, request.groups)
            & self._verbs.of(request.verb)
            & self.of_object(request)
        )

    def of_caller(self, user: str, groups: Iterable[str]) -> int:
        """Say which rules may match a caller."""
        member = self._groups.anything
        for group in groups:
            member |= self._groups.of(group)
        return self._users.of(user) & member

    def of_verb(self, verb: str) -> int:
        """Say which rules may match a verb."""
        return self._verbs.of(verb)

    def of_object(self, request: Request) -> int:
        """Say which rules may match what a request is about."""
        if request.url:
            return self._anything | self._urls.of(request.url)
        named = self._namespaces.of(request.namespace) & self._resources.of(request)
        return self._anything | (self._of_resources & named)

    def decide(self, request: Request) -> Decision:
        """Say how a request is written down, and by which rule."""
        return self.decided(first(self.matching(request)))

    def decided(self, number: int) -> Decision:
        """Say what a rule comes to with what the policy says for all; -1 is no rule."""
        policy = self.policy
        if number < 0:
            return Decision(Level.NONE, -1, policy.omit_stages, policy.omit_managed_fields)
        rule = policy.rules[number]
        omitted = rule.omit_managed_fields
        return Decision(
            rule.level,
            number,
            rule.omit_stages | policy.omit_stages,
            policy.omit_managed_fields if omitted is None else omitted,
        )


def first(rules: int) -> int:
    """The number of the first rule of a set; -1 for none."""
    return (rules & -rules).bit_length() - 1


class _Values:
    """The rules that take each value of a field; ``anything`` are those that name none."""

    def __init__(self) -> None:
        self.anything = 0
        self._named: dict[str, int] = {}

    def learn(self, bit: int, values: tuple[str, ...]) -> None:
        if not values:
            self.anything |= bit
        for value in values:
            self._named[value] = self._named.get(value, 0) | bit

    def of(self, value: str) -> int:
        return self.anything | self._named.get(value, 0)


class _Urls:
    """The rules that take each URL: by its whole, or by how it begins."""

    def __init__(self) -> None:
        self._whole: dict[str, int] = {}
        self._beginning: dict[str, int] = {}

    def learn(self, bit: int, urls: tuple[str, ...]) -> None:
        for url in urls:
            self._whole[url] = self._whole.get(url, 0) | bit
            if url.endswith("*"):
                start = url.rstrip("*")
                self._beginning[start] = self._beginning.get(start, 0) | bit

    def of(self, url: str) -> int:
        found = self._whole.get(url, 0)
        for end in range(len(url) + 1):
            found |= self._beginning.get(url[:end], 0)
        return found


class _Resources:
    """The rules that take each resource, by group, by how it is written there, and by name."""

    def __init__(self) -> None:
        self._anything = 0
        self._named: dict[tuple[str, str | None, str | None], int] = {}

    def learn(self, bit: int, rule: Rule) -> None:
        if not rule.resources:
            self._anything |= bit
        for each in rule.resources:
            for written in each.resources or (None,):
                for name in (each.names if each.resources else ()) or (None,):
                    key = (each.group, written, name)
                    self._named[key] = self._named.get(key, 0) | bit

    def of(self, request: Request) -> int:
        sub = request.subresource
        ways = [None, "*", f"{request.resource}/*"]
        ways += [f"{request.resource}/{sub}", f"*/{sub}"] if sub else [request.resource]
        found = self._anything
        for group in (request.group, "*"):
            for written in ways:
                for name in (None, request.name):
                    found |= self._named.get((group, written, name), 0)
        return found
