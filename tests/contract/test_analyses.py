"""What every analysis must keep to, whatever it derives: on the estate, and on odd objects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.analyses import Analyses
from auditor.analysis.completing import (
    WAITING,
    Completed,
    CompletingAnalysis,
    Waiting,
    waiting_key,
)
from auditor.analysis.protocol import (
    Handed,
    Held,
    JoiningAnalysis,
    ObjectAnalysis,
    Row,
    Site,
    Stage,
)
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource
from auditor.platforms import PLATFORMS
from auditor.runner.rows import Rows, encoded_all, joined
from tests.contract.estate import CANARY, TARGET, estate, made, odd
from tests.sweeps import examples, sweep


def site() -> Site:
    return Site(TARGET, "e" * 64, lambda document, pointer: document + len(pointer))


def lines(analysis: JoiningAnalysis, resources: tuple[Resource, ...]) -> list[bytes]:
    rows = Rows(Analyses((), (analysis,)))
    for resource in resources:
        if resource.kind in analysis.reads:
            rows.extract(analysis, resource, site())
    return rows.lines()


def facts(analysis: JoiningAnalysis, found: list[bytes]) -> list[Fact | Gap]:
    """What is derived of lines, and for one of the run of what others hand on to it."""
    if analysis.stage is Stage.RUN:
        found = [*found, *handed(analysis.id)]
    derived = [
        fact for each, groups in joined((analysis,), sorted(found)) for fact in each.derive(groups)
    ]
    return [each for each in derived if not isinstance(each, Handed)]


@cache
def handed(to: str) -> tuple[bytes, ...]:
    """What the analyses of targets hand on to one of the run, of the whole estate."""
    return tuple(
        line
        for analysis in made().joining
        for each, groups in joined((analysis,), lines(analysis, estate()))
        for found in each.derive(groups)
        if isinstance(found, Handed) and found.to == to
        for line in encoded_all([(to, row) for row in found.rows()])
    )


COMPLETING = [pytest.param(each, id=each.id) for each in made().completing]
JOINING = [pytest.param(each, id=each.id) for each in made().joining]
OF_OBJECTS = [pytest.param(each, id=each.id) for each in made().of_objects]


def test_each_has_a_name_of_its_own() -> None:
    names = [each.id for each in (*made().of_objects, *made().with_rows)]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() for name in names)


def test_each_makes_facts_that_a_platform_knows() -> None:
    makers: dict[str, list[frozenset[str]]] = {}
    for each in made().all:
        for kind, fields in each.feeds.items():
            makers.setdefault(kind, []).extend([] if each.stage is Stage.RUN else [fields[""]])
    assert makers.keys() == PLATFORMS.facts
    for rests in makers.values():
        assert sum(map(len, rests)) == len(frozenset().union(*rests)), "one analysis a kind"
    for kind in {kind for each in made().joining for kind in each.feeds}:
        prefixes = [{name.partition("/")[0] for name in kinds} for kinds in makers[kind]]
        assert sum(map(len, prefixes)) == len(set().union(*prefixes)), "one analysis a platform"
    for each in made().all:
        for fields in each.feeds.values():
            assert fields[""], "a fact rests on something"
            assert all(PLATFORMS.has(kind) for kinds in fields.values() for kind in kinds)


@pytest.mark.parametrize("analysis", JOINING)
def test_cutting_the_estate_changes_no_fact(analysis: JoiningAnalysis) -> None:
    whole = facts(analysis, lines(analysis, estate()))
    assert whole, "the estate shows what it does"
    dice = random.Random(7)
    for parts in (2, 5, 17):
        shuffled = list(estate())
        dice.shuffle(shuffled)
        cut = [line for at in range(parts) for line in lines(analysis, tuple(shuffled[at::parts]))]
        assert facts(analysis, cut) == whole


@pytest.mark.parametrize("analysis", JOINING)
def test_a_fact_says_where_it_is_from(analysis: JoiningAnalysis) -> None:
    keys = set()
    for fact in facts(analysis, lines(analysis, estate())):
        if isinstance(fact, Gap):
            assert (fact.target, fact.scope in PLATFORMS.kinds) == (TARGET.uri, True)
            continue
        assert isinstance(fact, Fact)
        assert fact.kind in analysis.feeds
        assert (fact.kind, fact.key, fact.subject.identity) not in keys
        keys.add((fact.kind, fact.key, fact.subject.identity))
        body: dict[str, Any] = msgspec.json.decode(fact.body)
        for origin in fact.origins:
            assert (origin.target, origin.digest) == (TARGET.uri, "e" * 64)
            assert origin.source
        for start, spot in fact.elsewhere:
            assert start.startswith("/")
            assert spot is None or spot.of <= len(fact.related)
        said = set(analysis.feeds[fact.kind])
        derived = {start.split("/")[1] for start, spot in fact.elsewhere if spot is None}
        assert derived <= said | set(body), "what is concluded is in the body, or rests on kinds"
        if analysis.stage is Stage.TARGET:
            assert {target for target, _ in fact.draws_on} == {TARGET.uri}


@pytest.mark.parametrize("analysis", JOINING)
def test_no_secret_is_in_a_row_or_a_fact(analysis: JoiningAnalysis) -> None:
    hidden = tuple(
        msgspec.structs.replace(each, body=planted(each.body), clean=False) for each in estate()
    )
    found = lines(analysis, hidden)
    assert found
    assert [line for line in found if CANARY.encode() in line] == []
    for fact in facts(analysis, found):
        assert CANARY not in repr(fact)


def planted(body: bytes) -> bytes:
    """An object with a secret in a place of each kind."""
    value = msgspec.json.decode(body)
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if isinstance(metadata, dict):
        for name, more in (
            ("annotations", {"note": CANARY, "password": CANARY}),
            ("labels", {"token": CANARY}),
        ):
            kept = metadata.get(name)
            metadata[name] = {**(kept if isinstance(kept, dict) else {}), **more}
        value["spec"] = {**(value.get("spec") or {}), "token": CANARY}
    return msgspec.json.encode(value)


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
ODD = st.recursive(
    SCALARS | st.floats(allow_nan=False),
    lambda deep: st.lists(deep, max_size=3) | st.dictionaries(st.text(max_size=5), deep),
    max_leaves=8,
)
FIELDS = ("metadata", "spec", "labels", "annotations", "template", "podSelector", "hard", "owner")
NAMES = st.sampled_from(FIELDS)
OBJECTS = st.dictionaries(NAMES, ODD | st.dictionaries(NAMES, ODD))


@pytest.mark.parametrize("analysis", JOINING)
@sweep(8, 20)
@given(data=st.data())
@examples(50)
def test_odd_objects_cost_no_others(
    analysis: JoiningAnalysis, size: int, data: st.DataObject
) -> None:
    """Among so many objects as one writes them."""
    kind = data.draw(st.sampled_from(sorted(analysis.reads)))
    found = [*lines(analysis, (odd(kind, data.draw(OBJECTS)),)), *lines_of_few(analysis, size)]
    derived = facts(analysis, found)
    assert all(isinstance(fact, Fact | Gap) for fact in derived)
    assert len(derived) >= facts_of_few(analysis, size) - 1


@cache
def lines_of_few(analysis: JoiningAnalysis, size: int) -> tuple[bytes, ...]:
    return tuple(lines(analysis, few(analysis, size)))


@cache
def facts_of_few(analysis: JoiningAnalysis, size: int) -> int:
    return len(facts(analysis, list(lines_of_few(analysis, size))))


def few(analysis: JoiningAnalysis, size: int) -> tuple[Resource, ...]:
    return tuple(each for each in estate() if each.kind in analysis.reads)[:size]


@pytest.mark.parametrize("analysis", OF_OBJECTS)
@given(body=OBJECTS, kind=st.sampled_from(["k8s/Pod", "k8s/Deployment", "k8s/Odd.a.example"]))
def test_odd_objects_are_derived_of_or_told(
    analysis: ObjectAnalysis, body: object, kind: str
) -> None:
    resource = odd(kind, body)
    found = list(_of(analysis, resource))
    assert found == list(_of(analysis, resource)), "the same each time"
    for each in found:
        if isinstance(each, Resource):
            assert each.kind in analysis.feeds
            assert each.parent == resource


def _of(analysis: ObjectAnalysis, resource: Resource) -> Iterator[Resource | Gap]:
    return analysis.derive(resource)


def completed(
    analysis: CompletingAnalysis, around: tuple[Resource, ...], facts_of: tuple[Resource, ...]
) -> list[Completed]:
    """What becomes of facts, of which rules read all, among some objects."""
    rows = Rows(Analyses((), (), (analysis,)))
    for resource in around:
        if resource.kind in analysis.reads:
            rows.extract(analysis, resource, site())
    for fact in facts_of:
        aspects = analysis.awaits(fact) if fact.kind in analysis.completes else ()
        if aspects:
            body = msgspec.json.decode(fact.body)
            waiting = Waiting(fact.kind, aspects, body if isinstance(body, dict) else {}, ())
            origin = site().origin(fact)
            key = waiting_key(fact.namespace, origin, waiting, alone=True)
            rows.add(
                analysis, Row(key, WAITING, origin, msgspec.json.encode(waiting), Held((), b""))
            )
    return [
        each
        for one, groups in joined((analysis,), rows.lines())
        for each in one.complete(groups)
        if isinstance(each, Completed)
    ]


@pytest.mark.parametrize("analysis", COMPLETING)
def test_what_completes_names_kinds_and_facts(analysis: CompletingAnalysis) -> None:
    assert set(analysis.completes) <= PLATFORMS.facts
    kinds = {
        kind
        for aspects in analysis.completes.values()
        for aspect in aspects.values()
        for kind in aspect.kinds
    }
    assert kinds == analysis.reads
    assert all(PLATFORMS.has(kind) and kind not in PLATFORMS.facts for kind in kinds)


@pytest.mark.parametrize("analysis", COMPLETING)
@sweep(5, 99)
@given(data=st.data())
def test_odd_objects_complete_nothing_or_something(
    analysis: CompletingAnalysis, size: int, data: st.DataObject
) -> None:
    """Among some kinds of objects, or among all."""
    kinds = st.sampled_from(sorted(analysis.reads))
    some = st.lists(kinds, min_size=1, max_size=size, unique=True)
    around = tuple(odd(kind, data.draw(OBJECTS)) for kind in data.draw(some))
    facts_of = tuple(odd(kind, data.draw(OBJECTS)) for kind in sorted(analysis.completes))
    waiting = [fact for fact in facts_of if analysis.awaits(fact)]
    found = completed(analysis, around, facts_of)
    assert len(found) == len(waiting), "each that waits gets an answer"
    for each in found:
        assert all(spot is None or spot.of <= len(each.related) for _, spot in each.spots)


@pytest.mark.parametrize("analysis", COMPLETING)
def test_the_estate_is_completed(analysis: CompletingAnalysis) -> None:
    found = completed(analysis, estate(), estate())
    assert found
    for each in found:
        assert set(each.waiting.aspects) <= set(analysis.completes[each.waiting.kind])
        assert all(origin.line for origin in each.related)


@pytest.mark.parametrize("analysis", COMPLETING)
def test_no_secret_is_in_what_completes(analysis: CompletingAnalysis) -> None:
    rows = Rows(Analyses((), (), (analysis,)))
    for each in estate():
        if each.kind in analysis.reads:
            hidden = msgspec.structs.replace(each, body=planted(each.body), clean=False)
            rows.extract(analysis, hidden, site())
    assert rows.lines()
    assert [line for line in rows.lines() if CANARY.encode() in line] == []
