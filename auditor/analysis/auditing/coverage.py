"""What an audit policy leaves out of the log, and what it puts there that should not be.

The requests of :mod:`requests` are decided for the callers of :mod:`actors`, and what was found of
them is put together by the rule that decided::

    Left(rule=2, level=None, who=(people, service accounts), what=(create pods/exec, …))

What that is worth, rules say. What is told apart here is what the log can hold: a level says how
much of a request, and only a verb says whether there is anything in it. Nothing is sent with a get,
and what a watch answers is never written, so a Secret is in the log of a get at RequestResponse and
of a create at Request; a token that is asked for is in the answer, one to be reviewed in what is
sent.

Source: k8s.io/apiserver v0.37.2, pkg/audit/request.go, pkg/endpoints/handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.auditing.actors import (
    AUTHENTICATED,
    EVERYWHERE,
    SOMEBODY,
    Actor,
    Role,
    actors,
)
from auditor.analysis.auditing.matching import Matcher, first
from auditor.analysis.auditing.policy import Decision, Level, Request
from auditor.analysis.auditing.requests import (
    ASKED,
    CHANGES,
    HARMLESS,
    READS,
    URLS,
    VERBS,
    Asked,
    Objects,
    Topic,
    objects_of,
    place_text,
)

_SHOWN: Final = 6
_PEOPLE: Final = frozenset({Role.PERSON, Role.ACCOUNT})
_TOKENS: Final = "serviceaccounts/token"
_REVIEWS: Final = "tokenreviews"
_SENT: Final = frozenset({"create", "update", "patch"})
_ANSWERED: Final = frozenset({"get", "list", "create", "update", "patch", "deletecollection"})
NOBODY: Final = Actor("refused logins", Role.ANONYMOUS, "", ())
ELSEWHERE: Final = "a-namespace"


class Left(msgspec.Struct, frozen=True):
    """Requests that one rule decided about: its number from 1, 0 where none matched."""

    rule: int
    level: str
    who: tuple[str, ...]
    what: tuple[str, ...]
    text: str


class Coverage(msgspec.Struct, frozen=True):
    """What was found, by the question that it answers.

    ``unlogged`` are changes, ``entered`` what lets one into pods and nodes, ``devices`` changes of
    what gives out accelerators, all by people or service accounts and of level None; ``exempt`` are
    the same by a rule about callers by their names, and not among the others. ``taken`` are Secrets
    that somebody reads and tokens that somebody makes, of level None, whoever it is. ``shallow``
    are changes of what rules the cluster of which the log would not say what changed. ``bodies``
    and ``settings`` are bodies of Secrets or tokens, and of ConfigMaps, that would be in the log.
    ``strangers`` are requests without a login, ``outcomes`` those whose end is not written.
    ``caught`` says if anything at all has a rule; ``left_out`` counts callers, namespaces and
    names of objects that the policy has and nobody asked about.
    """

    unlogged: tuple[Left, ...]
    entered: tuple[Left, ...]
    devices: tuple[Left, ...]
    exempt: tuple[Left, ...]
    taken: tuple[Left, ...]
    shallow: tuple[Left, ...]
    bodies: tuple[Left, ...]
    settings: tuple[Left, ...]
    strangers: tuple[Left, ...]
    outcomes: tuple[Left, ...]
    refused_logins: bool
    caught: bool
    left_out: int


class Cell(msgspec.Struct, frozen=True):
    """One request of the matrix, by whom, and what became of it.

    ``by_name``: by a rule that is about callers of some names.
    """

    actor: Actor
    asked: Asked | None
    request: Request
    decision: Decision
    by_name: bool = False

    @property
    def by_people(self) -> bool:
        """Whether a person or a service account asks."""
        return self.actor.role in _PEOPLE

    def about(self, topic: Topic) -> bool:
        """Whether the resource is asked about for a topic."""
        return self.asked is not None and topic in self.asked.topics


def coverage(matcher: Matcher) -> Coverage:
    """Find what a policy leaves out."""
    everyone, left_out = actors(matcher.policy)
    found: dict[str, list[Cell]] = {name: [] for name in _FINDS}
    for cell in cells(matcher, (*everyone, NOBODY)):
        for name, finds in _FINDS.items():
            if finds(cell):
                found[name].append(cell)
    login = matcher.decide(Request("", (), "get", "", "secrets", "", ELSEWHERE, "a-name"))
    return Coverage(
        **{name: tuple(_left(each)) for name, each in found.items()},
        refused_logins=login.level > Level.NONE and "ResponseStarted" not in login.omit_stages,
        caught=all(matcher.decide(each).rule >= 0 for each in _unheard_of()),
        left_out=left_out + objects_of(matcher.policy).left_out,
    )


def _unheard_of() -> Iterator[Request]:
    """Make requests that only a rule for everything matches."""
    caller = (SOMEBODY, (AUTHENTICATED,))
    for verb in VERBS:
        yield Request(*caller, verb, "unheard-of.example.com", "things", "", ELSEWHERE, "a-name")
    yield Request(*caller, "get", url="/unheard-of")


def cells(matcher: Matcher, callers: Iterable[Actor]) -> Iterator[Cell]:
    """Decide about every request of the matrix; callers whom no rule tells apart are asked once."""
    objects = list(_objects(matcher, objects_of(matcher.policy)))
    verbs = {verb: matcher.of_verb(verb) for verb in VERBS}
    decisions: dict[int, Decision] = {}
    for actor in callers:
        caller = matcher.of_caller(actor.user, actor.groups)
        for asked, verb, request, matching in objects:
            number = first(caller & verbs[verb] & matching)
            if number not in decisions:
                decisions[number] = matcher.decided(number)
            by_name = number >= 0 and bool(matcher.policy.rules[number].users)
            yield Cell(actor, asked, request, decisions[number], by_name)


def _objects(
    matcher: Matcher, objects: Objects
) -> Iterator[tuple[Asked | None, str, Request, int]]:
    for asked in ASKED:
        for verb in asked.verbs:
            for request in objects.requests(asked, verb):
                yield asked, verb, request, matcher.of_object(request)
    for url in URLS:
        request = Request("", (), "get", url=url)
        yield None, "get", request, matcher.of_object(request)


def _is_unlogged(cell: Cell) -> bool:
    changed = cell.request.verb in CHANGES and cell.about(Topic.CHANGED)
    return cell.by_people and changed and cell.decision.level is Level.NONE


def _is_entered(cell: Cell) -> bool:
    unlogged = cell.by_people and cell.decision.level is Level.NONE
    return unlogged and cell.about(Topic.ENTERS)


def _unlogged(cell: Cell) -> bool:
    return _is_unlogged(cell) and not cell.by_name


def _entered(cell: Cell) -> bool:
    return _is_entered(cell) and not cell.by_name


def _devices(cell: Cell) -> bool:
    return _unlogged(cell) and cell.about(Topic.ACCELERATOR)


def _exempt(cell: Cell) -> bool:
    return cell.by_name and (_is_unlogged(cell) or _is_entered(cell))


def _taken(cell: Cell) -> bool:
    """Say whether what opens something is taken, and no word of it left."""
    request = cell.request
    reads = request.resource == "secrets" and request.verb in READS
    makes = cell.asked is not None and cell.asked.resource == _TOKENS
    return cell.by_people and (reads or makes) and cell.decision.level is Level.NONE


def _shallow(cell: Cell) -> bool:
    changed = cell.by_people and cell.request.verb in _SENT and cell.about(Topic.CONTROLS)
    return changed and cell.decision.level < Level.REQUEST


def _bodies(cell: Cell) -> bool:
    return cell.about(Topic.SECRET) and cell.request.resource != "configmaps" and _kept(cell)


def _settings(cell: Cell) -> bool:
    return cell.request.resource == "configmaps" and _kept(cell)


def _kept(cell: Cell) -> bool:
    """Say whether the log has what is sent or answered."""
    verb, level = cell.request.verb, cell.decision.level
    sent = level >= Level.REQUEST and verb in _SENT
    answered = level is Level.REQUEST_RESPONSE and verb in _ANSWERED
    token = cell.asked is not None and cell.asked.resource == _TOKENS
    return answered or (sent and not token)


def _strangers(cell: Cell) -> bool:
    stranger = cell.actor.role is Role.ANONYMOUS and cell.request.url not in HARMLESS
    return stranger and cell.decision.level is Level.NONE


def _outcomes(cell: Cell) -> bool:
    changed = cell.by_people and cell.request.verb in CHANGES and cell.about(Topic.CHANGED)
    logged = cell.decision.level > Level.NONE
    return changed and logged and "ResponseComplete" in cell.decision.omit_stages


_FINDS: Final[Mapping[str, Callable[[Cell], bool]]] = MappingProxyType(
    {
        "unlogged": _unlogged,
        "entered": _entered,
        "devices": _devices,
        "exempt": _exempt,
        "taken": _taken,
        "shallow": _shallow,
        "bodies": _bodies,
        "settings": _settings,
        "strangers": _strangers,
        "outcomes": _outcomes,
    }
)


def _left(found: Iterable[Cell]) -> Iterator[Left]:
    """Put requests together by the rule that decided about them."""
    by_rule: dict[int, list[Cell]] = {}
    for cell in found:
        by_rule.setdefault(cell.decision.rule, []).append(cell)
    for rule, each in sorted(by_rule.items()):
        who = tuple(_who(each))
        what = tuple(_what(each))
        shown = "; ".join(_short(what))
        level = each[0].decision.level.title
        by = f"rule {rule + 1}" if rule >= 0 else "no rule"
        text = f"{by} ({level}): {shown}, by {', '.join(_short(who))}"
        yield Left(rule + 1, level, who, what, text)


def _who(found: Sequence[Cell]) -> list[str]:
    """Name the callers; where it is people anyway, not those of them whom the policy names."""
    titles = list(dict.fromkeys(cell.actor.title for cell in found))
    everybody = [each.title for each in EVERYWHERE]
    if everybody[0] in titles:
        return [each for each in titles if each in everybody or each == NOBODY.title]
    return titles


def _what(found: Sequence[Cell]) -> Iterator[str]:
    """Say what is done to what: ``create, delete pods``, once for all that is done alike."""
    requests: dict[str, list[Request]] = {}
    for cell in found:
        title = cell.asked.title if cell.asked is not None else cell.request.url
        requests.setdefault(title, []).append(cell.request)
    alike: dict[tuple[str, str], list[str]] = {}
    for title, each in requests.items():
        done = ", ".join(dict.fromkeys(request.verb for request in each))
        alike.setdefault((done, place_text(each)), []).append(title)
    for (done, where), titles in alike.items():
        yield f"{done} {', '.join(_short(titles))}{where}"


def _short(found: Sequence[str]) -> Sequence[str]:
    more = len(found) - _SHOWN
    return (*found[:_SHOWN], f"{more} more") if more > 0 else found
