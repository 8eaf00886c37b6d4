"""From the sources of a rule to programs; errors point into the policy file."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from auditor.cel import (
    BOOL,
    DYN,
    CelCompileError,
    CelError,
    Environment,
    Program,
    Type,
    list_of,
)
from auditor.errors import PolicyError, PolicyErrors
from auditor.model.policy import Control, Expression, Rule
from auditor.platforms import PLATFORMS, Platforms
from auditor.policy.cachefile import CacheFolder
from auditor.policy.compiled import ActiveRule, CompiledProfile, MessageTemplate
from auditor.policy.messages import BraceError, split_message
from auditor.policy.names import controls_by_rule
from auditor.policy.parameters import cel_type
from auditor.policy.policyset import PolicySet
from auditor.policy.resolve import ChosenRule, ResolvedProfile
from auditor.policy.subjects import elsewhere, platforms_of

VARIABLES = {"object": DYN, "item": DYN, "params": DYN}


def compile_profile(
    resolved: ResolvedProfile, cache: ProgramCache | None, platforms: Platforms = PLATFORMS
) -> CompiledProfile:
    """Compile all rules of a profile, from a cache where it knows them.

    ``platforms`` are those that the policy was loaded for.

    Raises:
        PolicyErrors: an expression is wrong.
    """
    errors: list[PolicyError] = []
    shared: dict[str, Program] = {}
    rules = [compile_rule(chosen, errors, cache, shared) for chosen in resolved.rules]
    if errors:
        raise PolicyErrors(tuple(errors))
    if cache is not None:
        cache.save()
    policy = resolved.policy
    here = platforms_of((each.rule for each in resolved.rules), platforms)
    others = elsewhere(policy.controls, policy.rules, here, platforms) | resolved.left_out
    controls = {key: each for key, each in policy.controls.items() if each.framework not in others}
    return CompiledProfile(
        id=resolved.id,
        title=resolved.title,
        gate=resolved.gate,
        rules=tuple(_named(rules, controls)),
        parameters=resolved.parameters,
        controls=controls,
        frameworks={key: each for key, each in policy.frameworks.items() if key not in others},
        tables=resolved.tables,
        policy_digest=policy.digest,
        digest=resolved.digest,
        platforms=platforms,
    )


def _named(
    rules: Iterable[ActiveRule | None], controls: Mapping[str, Control]
) -> Iterator[ActiveRule]:
    """Give each rule the controls that its findings name: those of what is reported on."""
    named = controls_by_rule(controls)
    for active in rules:
        if active is not None:
            own = active.rule.controls
            keys = [key for key in own if key in controls]
            keys += [key for key in named.get(active.rule.id, ()) if key not in own]
            told = msgspec.structs.replace(active.rule, controls=tuple(keys))
            yield msgspec.structs.replace(active, rule=told)


def compile_rule(
    chosen: ChosenRule,
    errors: list[PolicyError],
    cache: ProgramCache | None = None,
    shared: dict[str, Program] | None = None,
) -> ActiveRule | None:
    """Compile one rule; None when it has errors, which are added to ``errors``.

    ``shared`` are the programs that rules of this profile have in common; new ones are added.
    """
    rule = chosen.rule
    compiler = _Compiler(rule, errors, cache, {} if shared is None else shared)
    each = compiler.program(rule.each, list_of(DYN)) if rule.each is not None else None
    when = compiler.program(rule.when, BOOL) if rule.when is not None else None
    check = compiler.program(rule.check, BOOL)
    message = compiler.message(rule.message)
    if check is None or message is None or compiler.failed:
        return None
    return ActiveRule(rule, chosen.severity, chosen.params, each, when, check, message)


class _Compiler:
    def __init__(
        self,
        rule: Rule,
        errors: list[PolicyError],
        cache: ProgramCache | None,
        shared: dict[str, Program],
    ) -> None:
        fields: dict[str, Type] = {item.name: cel_type(item) for item in rule.parameters}
        self._environment = Environment(VARIABLES, fields={"params": fields})
        self._fields = " ".join(f"{name}:{value}" for name, value in sorted(fields.items()))
        self._errors = errors
        self._cache = cache
        self._shared = shared
        self.failed = False

    def program(self, expression: Expression, expect: Type) -> Program | None:
        return self._compile(expression.source, expression, 0, expect)

    def message(self, expression: Expression) -> MessageTemplate | None:
        parts: list[str | Program] = []
        try:
            pieces = tuple(split_message(expression.source))
        except BraceError as error:
            self._fail(expression, error.position, error.message, "a literal brace is doubled")
            return None
        for text, offset in pieces:
            if offset < 0:
                parts.append(text)
                continue
            program = self._compile(text, expression, offset, DYN)
            if program is None:
                return None
            parts.append(program)
        return MessageTemplate(tuple(parts))

    def _compile(
        self, source: str, expression: Expression, offset: int, expect: Type
    ) -> Program | None:
        fields = self._fields if "params" in source else ""
        key = f"{expect}\0{fields}\0{source}"
        program = self._shared.get(key)
        if program is None and self._cache is not None:
            program = self._cache.get(key, self._environment)
        if program is None:
            try:
                program = self._environment.compile(source, expect=expect)
            except CelCompileError as error:
                self._fail(expression, offset + error.position, error.message, error.hint)
                return None
            if self._cache is not None:
                self._cache.put(key, program)
        self._shared[key] = program
        return program

    def _fail(self, expression: Expression, offset: int, message: str, hint: str) -> None:
        self.failed = True
        place, excerpt = expression.locate(offset), expression.excerpt(offset)
        self._errors.append(PolicyError(message, location=place, hint=hint, excerpt=excerpt))


class ProgramCache:
    """Compiled programs of one policy digest in one file that only its owner may write.

    They are code. ``stamp`` says which policy and which version of the program they are of. What
    was shipped is not written once more.
    """

    def __init__(
        self,
        folder: CacheFolder | None,
        name: str,
        stamp: str,
        shipped: Callable[[], Mapping[str, bytes]] = dict,
    ) -> None:
        """``folder`` is None to do without a file; ``shipped`` are packed when this was built."""
        self._folder = folder
        self._name = name
        self._stamp = stamp
        self._known = _decoded((folder.read(name, stamp) if folder is not None else None) or b"")
        self._shipped = functools.cache(shipped)
        self._new: dict[str, Program] = {}

    def get(self, key: str, environment: Environment) -> Program | None:
        """The program for a key, None when it is not known or from another version."""
        data = self._known.get(key)
        with contextlib.suppress(CelError):
            if data is not None:
                return environment.restore(data)
        packed = self._shipped().get(key)
        with contextlib.suppress(CelError):
            if packed is not None:
                return environment.unpack(packed)
        return None

    def put(self, key: str, program: Program) -> None:
        """Remember a program."""
        self._new[key] = program

    def save(self) -> None:
        """Write what is new."""
        if self._new and self._folder is not None:
            new = {key: program.dump() for key, program in self._new.items()}
            content = msgspec.msgpack.encode({**self._known, **new})
            self._folder.write(self._name, self._stamp, content)

    def packed(self) -> Mapping[str, bytes]:
        """What is new, for any version of Python."""
        return {key: program.pack() for key, program in self._new.items()}


def packed_programs(policy: PolicySet) -> Mapping[str, bytes]:
    """Compile all rules of a policy set, and pack the programs by their keys.

    Raises:
        PolicyErrors: an expression is wrong.
    """
    errors: list[PolicyError] = []
    programs = ProgramCache(None, "", "")
    for rule in policy.rules.values():
        compile_rule(ChosenRule(rule, rule.severity, {}), errors, programs)
    if errors:
        raise PolicyErrors(tuple(errors))
    return programs.packed()


def _decoded(data: bytes | memoryview) -> Mapping[str, bytes]:
    try:
        return msgspec.msgpack.decode(data, type=dict[str, bytes])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
