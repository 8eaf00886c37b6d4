"""Reads an audit policy as the API server does when it starts, and says what it would not take.

Three things may come of a document:

* it is *refused*, and the server does not start: a level that there is none of, a rule about both
  resources and URLs, a text where a list is meant, an older API version, no rule;
* a part of it is *ignored*: the server reads strictly, and where that fails only for fields that it
  does not know, again without them. ``namespace:`` for ``namespaces:`` leaves a rule for all;
* it is taken.

A policy that is refused has no rules here either: nothing is said of what it was to record.

Sources: k8s.io/apiserver v0.37.2 pkg/audit/policy/reader.go, pkg/apis/audit/validation; names of
groups as apimachinery's NameIsDNSSubdomain has them (RFC 1123).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.auditing.policy import STAGES, TITLES, Level, Policy, Resources, Rule
from auditor.analysis.paths import pointer_of
from auditor.late import late

API_VERSION: Final = "audit.k8s.io/v1"

_SUBDOMAIN: Final = late(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LONGEST: Final = 253
_TOP: Final = frozenset(
    {"apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"}
)
_LISTS: Final = MappingProxyType(
    {
        "users": "users",
        "userGroups": "groups",
        "verbs": "verbs",
        "namespaces": "namespaces",
        "nonResourceURLs": "urls",
        "omitStages": "omit_stages",
    }
)
_RULE: Final = frozenset({"level", "resources", "omitManagedFields", *_LISTS})
_GROUP: Final = frozenset({"group", "resources", "resourceNames"})
_METADATA: Final = frozenset(
    {
        *("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation"),
        *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "labels"),
        *("annotations", "ownerReferences", "finalizers", "managedFields"),
    }
)
_TEXTS: Final = ("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion")
_MAPS: Final = ("labels", "annotations")
_NUMBERS: Final = ("generation", "deletionGracePeriodSeconds")
_TIMES: Final = ("creationTimestamp", "deletionTimestamp")
_TIME: Final = late(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_OWNER: Final = ("apiVersion", "kind", "name", "uid")
_MANAGED: Final = ("manager", "operation", "apiVersion", "fieldsType", "subresource")


class Problem(msgspec.Struct, frozen=True):
    """What the server would not take: where it stands, and why."""

    pointer: str
    reason: str


class Read(msgspec.Struct, frozen=True):
    """What became of a document: no policy where anything is ``refused``."""

    policy: Policy | None
    refused: tuple[Problem, ...] = ()
    ignored: tuple[Problem, ...] = ()


def read_policy(document: object) -> Read:
    """Read a document that is to be an audit policy."""
    reading = _Reading()
    policy = reading.policy(document)
    refused, ignored = tuple(reading.refused), tuple(reading.ignored)
    return Read(None if refused else policy, refused, ignored)


class _Reading:
    def __init__(self) -> None:
        self.refused: list[Problem] = []
        self.ignored: list[Problem] = []

    def policy(self, document: object) -> Policy:
        if not isinstance(document, dict):
            self._refuse((), "is not an object")
            return Policy(())
        if document.get("apiVersion") != API_VERSION:
            self._refuse(("apiVersion",), f"is not {API_VERSION}")
        if document.get("kind") not in ("Policy", "", None):  # without one the server takes it so
            self._refuse(("kind",), "is not Policy")
        self._unknown((), document, _TOP)
        self._metadata(document.get("metadata"))
        rules = self._items(("rules",), document.get("rules"))
        if not rules and not self.refused:
            self._refuse(("rules",), "is empty: a policy without rules is none")
        found = tuple(self._rule(("rules", str(at)), each) for at, each in enumerate(rules))
        return Policy(
            found,
            self._stages(("omitStages",), document.get("omitStages")),
            self._bool(("omitManagedFields",), document.get("omitManagedFields")) or False,
        )

    def _rule(self, path: tuple[str, ...], value: object) -> Rule:
        rule = self._map(path, value)
        self._unknown(path, rule, _RULE)
        level = self._level((*path, "level"), rule.get("level"))
        lists = {
            field: self._texts((*path, name), rule.get(name))
            for name, field in _LISTS.items()
            if name != "omitStages"
        }
        resources = tuple(
            self._resources((*path, "resources", str(at)), each)
            for at, each in enumerate(self._items((*path, "resources"), rule.get("resources")))
        )
        self._urls((*path, "nonResourceURLs"), lists["urls"])
        if lists["urls"] and (resources or lists["namespaces"]):
            self._refuse(path, "is about both resources and URLs (nonResourceURLs)")
        return Rule(
            level=level,
            resources=resources,
            omit_stages=self._stages((*path, "omitStages"), rule.get("omitStages")),
            omit_managed_fields=self._bool(
                (*path, "omitManagedFields"), rule.get("omitManagedFields")
            ),
            pointer=pointer_of(path),
            **lists,
        )

    def _resources(self, path: tuple[str, ...], value: object) -> Resources:
        found = self._map(path, value)
        self._unknown(path, found, _GROUP)
        group = self._text((*path, "group"), found.get("group"))
        if group not in ("", "*") and not (len(group) <= _LONGEST and _SUBDOMAIN.fullmatch(group)):
            hint = f": its group is {group.partition('/')[0]}" if "/" in group else ""
            self._refuse((*path, "group"), f"{group} is no name of a group{hint}")
        resources = self._texts((*path, "resources"), found.get("resources"))
        names = self._texts((*path, "resourceNames"), found.get("resourceNames"))
        if names and not resources:
            self._refuse((*path, "resourceNames"), "needs resources beside it")
        return Resources(group, resources, names)

    def _level(self, path: tuple[str, ...], value: object) -> Level:
        text = self._text(path, value)
        if text in TITLES:
            return Level(TITLES.index(text))
        self._refuse(path, f"{text} is no level" if text else "is missing")
        return Level.NONE

    def _urls(self, path: tuple[str, ...], urls: Sequence[str]) -> None:
        for at, url in enumerate(urls):
            if url == "*":
                continue
            if not url.startswith("/"):
                self._refuse((*path, str(at)), f"{url or 'an empty text'} does not begin with /")
            if "*" in url[:-1]:
                self._refuse((*path, str(at)), f"{url} has a * that is not at its end")

    def _stages(self, path: tuple[str, ...], value: object) -> frozenset[str]:
        stages = self._texts(path, value)
        for at, stage in enumerate(stages):
            if stage not in STAGES:
                self._refuse((*path, str(at)), f"{stage or 'an empty text'} is no stage")
        return frozenset(stages)

    def _metadata(self, value: object) -> None:
        """Read what has no meaning for a policy, and has to be of its types all the same."""
        path = ("metadata",)
        found = self._map(path, value)
        self._unknown(path, found, _METADATA)
        self._of_texts(path, found, _TEXTS)
        for name in _MAPS:
            texts = self._map((*path, name), found.get(name))
            self._of_texts((*path, name), texts, tuple(texts))
        for name in _NUMBERS:
            self._number((*path, name), found.get(name))
        for name in _TIMES:
            self._time((*path, name), found.get(name))
        self._texts((*path, "finalizers"), found.get("finalizers"))
        for name, texts_of, others in (
            ("ownerReferences", _OWNER, ("controller", "blockOwnerDeletion")),
            ("managedFields", _MANAGED, ("time", "fieldsV1")),
        ):
            for at, each in enumerate(self._items((*path, name), found.get(name))):
                inside = (*path, name, str(at))
                item = self._map(inside, each)
                self._unknown(inside, item, frozenset((*texts_of, *others)))
                self._of_texts(inside, item, texts_of)
                self._time((*inside, "time"), item.get("time"))
                for flag in ("controller", "blockOwnerDeletion"):
                    self._bool((*inside, flag), item.get(flag) if flag in others else None)

    def _of_texts(
        self, path: tuple[str, ...], found: Mapping[str, object], names: Sequence[str]
    ) -> None:
        for name in names:
            self._text((*path, name), found.get(name))

    def _number(self, path: tuple[str, ...], value: object) -> None:
        if value is not None and type(value) is not int:
            self._refuse(path, "is not a whole number")

    def _time(self, path: tuple[str, ...], value: object) -> None:
        if value is not None and not (isinstance(value, str) and _TIME.fullmatch(value)):
            self._refuse(path, "is not a time")

    def _unknown(
        self, path: tuple[str, ...], found: Mapping[str, object], known: frozenset[str]
    ) -> None:
        for name in found:
            if name not in known:
                meant = _meant(name, known)
                hint = f": is {meant} meant?" if meant else ""
                self.ignored.append(Problem(pointer_of((*path, name)), f"{name} is no field{hint}"))

    def _items(self, path: tuple[str, ...], value: object) -> Sequence[object]:
        if value is None or isinstance(value, list):
            return value or ()
        self._refuse(path, "is not a list")
        return ()

    def _texts(self, path: tuple[str, ...], value: object) -> tuple[str, ...]:
        items = enumerate(self._items(path, value))
        return tuple(self._text((*path, str(at)), each) for at, each in items)

    def _text(self, path: tuple[str, ...], value: object) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        self._refuse(path, "is not a text")
        return ""

    def _bool(self, path: tuple[str, ...], value: object) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        self._refuse(path, "is neither true nor false")
        return None

    def _map(self, path: tuple[str, ...], value: object) -> dict[str, object]:
        if value is None or isinstance(value, dict):
            return value or {}
        self._refuse(path, "is not an object")
        return {}

    def _refuse(self, path: tuple[str, ...], reason: str) -> None:
        self.refused.append(Problem(pointer_of(path), reason))


def _meant(name: str, known: frozenset[str]) -> str:
    """Find the field that a misspelt name was to be: by letters alone, or with an s more."""
    plain = _plain(name)
    return next((each for each in sorted(known) if _plain(each) == plain), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower()).rstrip("s")


def explained(problems: Sequence[Problem]) -> Iterator[str]:
    """Say each problem in a line: ``/rules/3/level: metadata is no level``."""
    for each in problems:
        yield f"{each.pointer or 'the policy'}: {each.reason}"
