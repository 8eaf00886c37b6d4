"""What a rule reads of a body, and its tier by that: see :mod:`auditor.engine.kinds`."""

from __future__ import annotations

from auditor.cel import Program, ReadTree
from auditor.engine.members import never_applies
from auditor.engine.paths import plain_paths
from auditor.engine.slices import (
    NOTHING,
    WHOLE,
    as_evidence,
    at_path,
    expand_joined,
    touches,
    unite,
    with_keys,
)
from auditor.platforms.shape import Shape
from auditor.policy.compiled import ActiveRule


def last_tier(shape: Shape) -> int:
    """The first tier whose slices are not worth remembering: no two are equal."""
    return max(1, len(shape.volatile))


def tier_of(tree: ReadTree, shape: Shape) -> int:
    """How volatile what a rule reads is: the number of the last volatile set that it touches."""
    tiers = [
        tier
        for tier, paths in enumerate(shape.volatile, 1)
        if any(touches(tree, path) for path in paths)
    ]
    return max(tiers, default=0)


def rule_reads(rule: ActiveRule, shape: Shape) -> ReadTree:
    """What a rule may read of a body: all its expressions, with ``item`` put in place.

    What one expression shows as evidence is there, however little of it another one reads.
    """
    if rule.each is None and never_applies(rule):
        return NOTHING
    trees: list[ReadTree] = []
    items: list[ReadTree] = []
    programs = [rule.check, *rule.message.programs()]
    if rule.when is not None:
        programs.append(rule.when)
    for program in programs:
        if "object" in program.reads:
            trees.append(as_evidence(program.reads["object"]))
        if "item" in program.reads:
            items.append(as_evidence(program.reads["item"]))
    if rule.each is not None:
        trees.append(_each_reads(rule.each, unite((*items, _LABEL))))
    return with_keys(expand_joined(as_evidence(unite(trees)), shape))


_LABEL = ReadTree(dict.fromkeys(("name", "key", "path"), WHOLE), None, whole=False)


def _each_reads(each: Program, item: ReadTree) -> ReadTree:
    """Put the reads of ``item`` below the list that ``each`` returns.

    Returning a list reads it whole. When the expression only names lists, their elements are read
    only as far as the rule reads ``item``.
    """
    paths = plain_paths(each.source)
    if paths is None:
        return each.reads.get("object", WHOLE)
    return unite(at_path(path, ReadTree({}, item, whole=False)) for path in paths)
