"""Profiles: which rules, with which severities and parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from auditor.errors import UsageError
from auditor.model.enums import Severity
from auditor.model.policy import Profile, Rule
from auditor.policy.names import Names
from auditor.policy.parameters import convert
from auditor.policy.policyset import PolicySet
from auditor.policy.suggest import suggestion
from auditor.policy.tenancy import KEYS, TENANT, Tables, tells_tenants, with_tenancy


class ChosenRule(msgspec.Struct, frozen=True):
    """A rule of a profile with its severity and parameters there."""

    rule: Rule
    severity: Severity
    params: Mapping[str, object]


class ResolvedProfile(msgspec.Struct, frozen=True):
    """A profile with ``extends``, selections, overrides and parameters applied; rules by id.

    ``asked`` are the frameworks by whose controls it selects, ``left_out`` those that no report of
    this profile has, since it would have to.
    ``waiver_days`` is the least that it and those that it extends say: none allows more.
    """

    id: str
    title: str
    gate: str
    rules: tuple[ChosenRule, ...]
    parameters: Mapping[str, object]
    policy: PolicySet
    tables: Tables
    digest: str
    asked: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    waiver_days: int | None = None


def resolve(policy: PolicySet, profile_id: str, settings: Mapping[str, str]) -> ResolvedProfile:
    """Resolve a profile; ``settings`` are NAME or RULE.NAME to text, and win over the profile.

    Raises:
        UsageError: no such profile, rule or parameter, or a value out of bounds.
    """
    if profile_id not in policy.profiles:
        hint = suggestion(profile_id, policy.profiles)
        if profile_id in policy.frameworks:
            selected = f"select: [{{controls: [{profile_id}]}}]"
            hint = f"it is a framework: a profile of your own asks for it by {selected}"
        raise UsageError(f"no profile is called {profile_id}", hint=hint)
    lineage = list(_lineage(policy, profile_id, ()))
    names = Names(policy.rules, policy.controls)
    chosen: dict[str, Severity] = {}
    parameters: dict[str, object] = {}
    for profile in lineage:
        for selection in profile.select:
            for rule in names.matching(selection):
                chosen.setdefault(rule.id, rule.severity)
        for selection in profile.exclude:
            for rule in names.matching(selection):
                chosen.pop(rule.id, None)
        for override in profile.overrides:
            name = names.rule(override.rule).id
            if name in chosen:
                chosen[name] = override.severity
        parameters.update(profile.parameters)
    if not chosen:
        raise UsageError(f"profile {profile_id} selects no rule", hint="see its select and exclude")
    parameters.update(settings)
    asked = _asked(lineage)
    left_out = policy.selected_only - asked
    rules = [_reported(names.rule(name), left_out) for name in sorted(chosen)]
    tables = with_tenancy(policy.tables, parameters.get(TENANT) if tells_tenants(rules) else None)
    values = _parameter_values(rules, names, parameters)
    profile = policy.profiles[profile_id]
    severities = {name: severity.value for name, severity in sorted(chosen.items())}
    decided = (policy.digest, profile_id, values, severities, tables.get(KEYS))
    return ResolvedProfile(
        id=profile_id,
        title=profile.title,
        gate=profile.gate,
        rules=tuple(ChosenRule(rule, chosen[rule.id], values[rule.id]) for rule in rules),
        parameters=dict(sorted(parameters.items())),
        policy=policy,
        tables=tables,
        digest=f"sha256:{hashlib.sha256(msgspec.json.encode(decided)).hexdigest()}",
        asked=asked,
        left_out=left_out,
        waiver_days=min((each.waiver_days for each in lineage if each.waiver_days), default=None),
    )


def _asked(lineage: Iterable[Profile]) -> frozenset[str]:
    """The frameworks by whose controls profiles select."""
    return frozenset(
        control.partition(":")[0]
        for profile in lineage
        for selection in profile.select
        for control in selection.controls
    )


def _reported(rule: Rule, left_out: frozenset[str]) -> Rule:
    """A rule with the controls that reports name."""
    if not left_out:
        return rule
    controls = tuple(key for key in rule.controls if key.partition(":")[0] not in left_out)
    return msgspec.structs.replace(rule, controls=controls)


def _lineage(policy: PolicySet, name: str, seen: tuple[str, ...]) -> Iterator[Profile]:
    """Parents first, then the profile itself."""
    if name in seen:
        chain = " > ".join((*seen, name))
        raise UsageError(
            f"profiles extend each other in a cycle: {chain}", hint="remove one `extends`"
        )
    profile = policy.profiles[name]
    for parent in profile.extends:
        yield from _lineage(policy, parent, (*seen, name))
    yield profile


def _parameter_values(
    rules: Iterable[Rule], names: Names, parameters: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    values = {
        rule.id: {parameter.name: parameter.default for parameter in rule.parameters}
        for rule in rules
    }
    known = {parameter.name for rule in rules for parameter in rule.parameters}
    known |= {TENANT} if tells_tenants(rules) else set()
    for setting in sorted(parameters, key=lambda name: "." in name):
        rule_name, dot, name = setting.rpartition(".")
        targets = [names.rule(rule_name)] if dot else list(rules)
        used = setting == TENANT in known
        for rule in targets:
            for parameter in rule.parameters:
                if parameter.name == name and rule.id in values:
                    values[rule.id][name] = convert(parameter, parameters[setting])
                    used = True
        if not used:
            hint = suggestion(name, known)
            raise UsageError(f"no selected rule has a parameter {setting}", hint=hint)
    return values
