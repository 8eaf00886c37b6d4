"""What only all policy files together can show."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from auditor.errors import Location, UsageError
from auditor.model.policy import Control, Parameter, Selection
from auditor.policy.found import Found, Use
from auditor.policy.mapping import matching
from auditor.policy.names import Names
from auditor.policy.parameters import convert
from auditor.policy.suggest import suggestion
from auditor.policy.tenancy import FILE, KEYS, MAP, TENANT, tells_tenants, tenancy_rows


def check(found: Found) -> None:
    """Check names, selections, parameters and lineages; errors go to ``found``.

    What follows from a file that is broken is not told: it would go away with the first error.
    """
    broken = _broken(found)
    _aliases(found)
    _uses(found, broken)
    _same(found)
    if not any(kind == "rules" for kind, _ in broken):
        names = Names(found.rules, found.controls)
        _selections(found, names)
        _parameters(found, names)
    _circles(found)
    _circles_of_controls(found)


def _broken(found: Found) -> set[tuple[str, str]]:
    """The (kind, stem) of files that define less than they should."""
    whole: dict[str, AbstractSet[str]] = {
        "rules": found.rules.keys(),
        "profiles": found.profiles.keys(),
        "controls": {key.partition(":")[0] for key in found.controls},
    }
    return {(kind, stem) for kind, stem in found.files if stem not in whole.get(kind, ())}


def _aliases(found: Found) -> None:
    for alias, rule, location in found.aliases:
        holder = found.places.get(("rule", alias))
        if alias == rule:
            found.fail(location, f"{alias} is the rule's own id", "aliases are former ids")
        elif holder is not None:
            found.fail(location, f"alias {alias} is the id of a rule, in {holder}", _FOR_EVER)
        else:
            other = found.places.setdefault(("alias", alias), location)
            if other is not location:
                found.fail(location, f"alias {alias} is taken, in {other}", _FOR_EVER)


_FOR_EVER = "ids are for ever: one that was used once is never used for something else"


_LISTED_BY = {"rule": "auditor rules list", "profile": "auditor profiles list"}
"""The command that lists what can be named, for a name that is like none."""


def _uses(found: Found, broken: set[tuple[str, str]]) -> None:
    known: dict[str, set[str]] = {
        "rule": {stem for kind, stem in broken if kind == "rules"},
        "profile": {stem for kind, stem in broken if kind == "profiles"},
        "framework": {stem for kind, stem in found.files if kind == "controls"},
        "tag": {tag for rule in found.rules.values() for tag in rule.tags},
    }
    for what, name in found.places:
        known.setdefault("rule" if what == "alias" else what, set()).add(name)
    for use in found.uses:
        names = known.get(use.what, set())
        if use.name not in names and not _excused(use, broken):
            if use.what == "rules":
                _pattern(found, use, broken)
                continue
            hint = suggestion(use.name, names) or _LISTED_BY.get(use.what, "")
            found.fail(use.location, f"no {use.what} is called {use.name!r}", hint)


def _same(found: Found) -> None:
    """A control that is the same as one that is the same as a third has to name the third."""
    named = {control: other for control, other, _ in found.same}
    for control, other, location in found.same:
        if other in named:
            hint = (
                f"name {named[other]}" if named[other] != control else "one of both has the rules"
            )
            found.fail(location, f"{other} is the same as another itself", hint)


def _pattern(found: Found, use: Use, broken: set[tuple[str, str]]) -> None:
    """A pattern has to be of at least one rule."""
    known = [*found.rules, *(stem for kind, stem in broken if kind == "rules")]
    if not matching(use.name, known):
        found.fail(use.location, f"no rule's id fits {use.name!r}", _LISTED_BY["rule"])


def _excused(use: Use, broken: set[tuple[str, str]]) -> bool:
    """Whether a broken file may well define the name."""
    if use.what == "control":
        return ("controls", use.name.partition(":")[0]) in broken
    return use.what == "tag" and any(kind == "rules" for kind, _ in broken)


def _selections(found: Found, names: Names) -> None:
    undefined = {error.location.file for error in found.errors}
    for selection, location in found.selections:
        if location.file not in undefined and not any(names.matching(selection)):
            found.fail(location, "matches no rule", _why(selection, names))


def _why(selection: Selection, names: Names) -> str:
    """The severity is what empties a selection whose names are known."""
    wider = Selection(selection.ids, selection.tags, selection.controls)
    severities = {rule.severity for rule in names.matching(wider)}
    highest = max(severities, key=lambda severity: severity.rank, default=None)
    if highest is None:
        return "no rule has such a control"
    return f"without its severity it would: the highest there is {highest.value}"


def _parameters(found: Found, names: Names) -> None:
    by_name: dict[str, list[Parameter]] = {}
    for rule in found.rules.values():
        for parameter in rule.parameters:
            by_name.setdefault(parameter.name, []).append(parameter)
    for setting, value, location in found.parameters:
        if setting == TENANT and tells_tenants(found.rules.values()):
            _tenancy(found, value, location)
            continue
        rule_name, dot, name = setting.rpartition(".")
        holders = by_name.get(name, [])
        known: set[str] = set(by_name)
        if dot:
            one = names.find(rule_name)
            if one is None:
                hint = suggestion(rule_name, found.rules)
                found.fail(location, f"no rule is called {rule_name!r}", hint)
                continue
            holders = [parameter for parameter in one.parameters if parameter.name == name]
            known = {f"{rule_name}.{parameter.name}" for parameter in one.parameters}
        if not holders:
            where = f"rule {rule_name} has" if dot else "any rule has"
            hint = suggestion(setting, known)
            found.fail(location, f"no parameter that {where} is called {name!r}", hint)
        for parameter in holders:
            try:
                convert(parameter, value)
            except UsageError as error:
                found.fail(location, error.message)
                break


def _circles(found: Found) -> None:
    reported: set[str] = set()
    for start in sorted(found.profiles):
        chain = _circle(found, start)
        if chain and not reported & set(chain):
            reported |= set(chain)
            text = " > ".join((*chain, chain[0]))
            place = found.places["profile", chain[0]]
            found.fail(
                place, f"profiles extend each other in a cycle: {text}", "remove one `extends`"
            )


def _circle(found: Found, start: str) -> tuple[str, ...]:
    """The profiles from ``start`` back to itself, () when no way leads there."""
    pending: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while pending:
        chain = pending.pop()
        profile = found.profiles.get(chain[-1])
        for parent in profile.extends if profile is not None else ():
            if parent == start:
                return chain
            if parent not in seen:
                seen.add(parent)
                pending.append((*chain, parent))
    return ()


def _circles_of_controls(found: Found) -> None:
    """Controls that are mapped through each other say nothing: each such circle is told once."""
    told: set[str] = set()
    for start in found.controls:
        chain = _chain(start, found.controls)
        if chain and told.isdisjoint(chain):
            told.update(chain)
            text = " > ".join((*chain, start))
            hint = "remove one of `controls`"
            found.fail(
                found.places["control", start], f"controls are mapped in a cycle: {text}", hint
            )


def _chain(start: str, controls: Mapping[str, Control]) -> tuple[str, ...]:
    """The controls from ``start`` back to itself, () when no way leads there."""
    pending: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while pending:
        chain = pending.pop()
        known = controls.get(chain[-1])
        for other in known.through if known is not None else ():
            if other == start:
                return chain
            if other not in seen:
                seen.add(other)
                pending.append((*chain, other))
    return ()


def _tenancy(found: Found, value: object, location: Location) -> None:
    """A profile names keys; of a file nobody would read the content."""
    try:
        if any(row["of"] == FILE for row in tenancy_rows(value, found.tables.get(KEYS, []))):
            hint = f"put the map into tables/{MAP}.yaml, or name it with --set {TENANT}=file:PATH"
            found.fail(location, "a profile can't name a file", hint)
    except UsageError as error:
        found.fail(location, error.message, error.hint)
