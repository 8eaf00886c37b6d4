"""A file of waivers: what was accepted, read with the line of everything that is wrong with it.

::

    - id: W-1
      rule: k8s-container-privileged
      for: {namespace: gpu-operator, kind: DaemonSet, name: nvidia-*}
      reason: The driver is loaded by a privileged container.
      owner: ml-platform@example.com
      approved-by: security@example.com
      created: "2026-11-30"
      expires: "2027-02-28"
      ticket: SEC-411

What ``for`` gives has to fit, as a glob; without it a waiver is about all findings of its rule, and
is told to be broad. ``expires`` is the first day, in UTC, on which it counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import yaml

from auditor.errors import Location, PolicyError, PolicyErrors
from auditor.late import late
from auditor.model.policy import Rule
from auditor.model.waivers import Selector, WaiverEntry
from auditor.policy.names import Names
from auditor.policy.read_profile import LONGEST_WAIVER
from auditor.policy.read_terms import day_in, read_term
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader

WHAT: Final = "the file of waivers"
ID: Final = late(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
SELECTORS: Final = tuple(Selector.__struct_fields__)
_REQUIRED: Final = ("id", "rule", "reason", "owner", "approved-by", "created", "expires")
_KEYS: Final = (*_REQUIRED, "for", "ticket")
_AGAIN: Final = "what is accepted for longer is looked at again: approve it anew then"
_FINGERPRINT: Final = late(r"[0-9a-f]{64}")


def read_waivers(
    data: bytes, name: str, rules: Mapping[str, Rule], longest: int = LONGEST_WAIVER
) -> tuple[WaiverEntry, ...]:
    """Read a file of waivers, called ``name`` in errors; a former id of a rule counts as its id.

    None may last longer than ``longest`` days, from its beginning to its end.

    Raises:
        PolicyErrors: everything that is wrong with it, each with its line.
    """
    errors: list[PolicyError] = []
    reader = Reader(data, name, errors)
    found: list[WaiverEntry] = []
    places: dict[str, Location] = {}
    if isinstance(reader.root, yaml.SequenceNode):
        for node in reader.root.value:
            entry = _entry(reader, node, rules, longest)
            place = reader.location(node)
            other = places.setdefault(entry.id, place)
            if entry.id and other is not place:
                reader.fail(node, f"waiver {entry.id} is there twice, the first time in {other}")
            found.append(entry)
    elif reader.root is not None:
        reader.items(reader.root)
    if errors:
        raise PolicyErrors(tuple(errors), WHAT)
    return tuple(found)


def _entry(reader: Reader, node: yaml.Node, rules: Mapping[str, Rule], longest: int) -> WaiverEntry:
    nodes = reader.mapping(node, _KEYS, _REQUIRED)
    days = ("created", "expires")
    texts = {key: reader.string(nodes.get(key)) for key in _KEYS if key not in (*days, "for")}
    if texts["id"] and not ID.fullmatch(texts["id"]):
        hint = "letters and digits, joined by dashes or dots: W-2026-1"
        reader.fail(nodes["id"], f"{texts['id']!r} is not an id", hint)
    read_term(reader, nodes, "created", "expires", (longest, _AGAIN))
    return WaiverEntry(
        id=texts["id"],
        rule=_rule(reader, nodes.get("rule"), texts["rule"], rules),
        select=_selector(reader, nodes.get("for")),
        reason=texts["reason"],
        owner=texts["owner"],
        approved_by=texts["approved-by"],
        created=day_in(nodes, "created"),
        expires=day_in(nodes, "expires"),
        ticket=texts["ticket"],
    )


def _rule(reader: Reader, node: yaml.Node | None, name: str, rules: Mapping[str, Rule]) -> str:
    """Return the id of a rule as it is today."""
    if not name:
        return ""
    rule = Names(rules).find(name)
    if rule is None:
        hint = suggestion(name, rules) or "auditor rules list"
        reader.fail(node, f"no rule is called {name!r}", hint)
        return ""
    return rule.id


def _selector(reader: Reader, node: yaml.Node | None) -> Selector:
    if node is None:
        return Selector()
    nodes = reader.mapping(node, SELECTORS)
    texts = {key: reader.string(each) for key, each in nodes.items()}
    if not nodes and isinstance(node, yaml.MappingNode):
        reader.fail(node, "must name something", f"one of {', '.join(SELECTORS)}")
    fingerprint = texts.get("fingerprint", "")
    if fingerprint and not _FINGERPRINT.fullmatch(fingerprint):
        reader.fail(nodes["fingerprint"], "is not the fingerprint of a finding", "64 digits")
    return Selector(**texts)
