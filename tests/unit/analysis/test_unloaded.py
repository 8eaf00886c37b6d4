"""What stands in for an analysis says and does the same, and loads it when it is called."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator

import msgspec
import pytest

from auditor.analysis.analyses import Analyses
from auditor.analysis.protocol import OTHERS, Dated, Extracting, Row, Site
from auditor.analysis.table import ANALYSES
from auditor.analysis.unloaded import Place, Said
from auditor.model.resource import Gap, Resource
from auditor.platforms import PLATFORMS
from auditor.runner.kept import declared
from tests.cases import every
from tests.contract.estate import TARGET, estate, made
from tests.policies.shipped import POLICY

SITE = Site(TARGET, "e" * 64, lambda document, pointer: document + len(pointer))


@pytest.fixture(scope="module")
def said() -> dict[str, Said]:
    """What the shipped analyses say, as it comes back from a file."""
    packed = msgspec.msgpack.encode(ANALYSES.said(made()))
    return msgspec.msgpack.decode(packed, type=dict[str, Said])


@pytest.fixture
def standing_in(said: dict[str, Said]) -> Analyses:
    return ANALYSES.made(POLICY.tables, said)


def is_loaded(analysis: object) -> bool:
    return "loaded" in vars(analysis)


def test_all_are_named_by_their_places(said: dict[str, Said]) -> None:
    makers = (*ANALYSES.of_objects, *ANALYSES.joining, *ANALYSES.completing)
    assert [make.where for make in makers if isinstance(make, Place)] == list(said)
    assert len(said) == len(makers)


def test_they_say_the_same(standing_in: Analyses) -> None:
    real = made()
    assert declared(standing_in) == declared(real)
    for name in ("feeds", "by_name", "beside", "preferred", "completes"):
        assert getattr(standing_in, name) == getattr(real, name), name
    assert not any(map(is_loaded, (*standing_in.of_objects, *standing_in.with_rows)))
    for one, other in zip(standing_in.joining, real.joining, strict=True):
        assert (one.id, one.stage, one.feeds) == (other.id, other.stage, other.feeds)
        assert isinstance(one, Dated) is isinstance(other, Dated)
    for ours, theirs in zip(standing_in.with_rows, real.with_rows, strict=True):
        assert (ours.reads, ours.combined) == (theirs.reads, theirs.combined)
    for mine, its in zip(standing_in.of_objects, real.of_objects, strict=True):
        assert (mine.id, mine.stage, mine.kinds) == (its.id, its.stage, its.kinds)


def test_of_another_day_nothing_is_loaded(standing_in: Analyses) -> None:
    dated = [each for each in standing_in.joining if isinstance(each, Dated)]
    assert dated
    for each in dated:
        tomorrow = each.on("2030-01-02")
        assert tomorrow.id == each.id
        assert not is_loaded(tomorrow)
        assert list(tomorrow.derive(iter(()))) is not None
        assert is_loaded(tomorrow)


def facts_of(analyses: Analyses, resources: Iterable[Resource]) -> Iterator[Resource | Gap]:
    for resource in resources:
        for analysis in analyses.of_objects:
            yield from analysis.derive(resource)


def test_they_derive_the_same_of_objects(standing_in: Analyses) -> None:
    assert list(facts_of(standing_in, estate())) == list(facts_of(made(), estate()))


def test_kinds_are_all_that_have_facts() -> None:
    """An analysis is not asked about an object of another kind."""
    for analysis in made().of_objects:
        if analysis.kinds:
            others = (each for each in estate() if each.kind not in analysis.kinds)
            for resource in others:
                assert list(analysis.derive(resource)) == [], (analysis.id, resource.kind)


def rows_of(analysis: Extracting, resources: Iterable[Resource]) -> list[Row]:
    reads = analysis.reads
    return [
        row
        for resource in resources
        if resource.kind in reads or (OTHERS in reads and resource.kind not in PLATFORMS.kinds)
        for row in analysis.extract(resource, SITE)
    ]


def test_they_take_the_same_rows(standing_in: Analyses) -> None:
    real = {each.id: each for each in made().with_rows}

    def takes_the_same(analysis: Extracting) -> None:
        assert rows_of(analysis, estate()) == rows_of(real[analysis.id], estate())

    every({each.id: each for each in standing_in.with_rows}, takes_the_same)


def test_an_object_loads_what_reads_it(standing_in: Analyses) -> None:
    service = next(each for each in estate() if each.kind == "k8s/Service")
    list(facts_of(standing_in, [service]))
    assert [each.id for each in standing_in.of_objects if is_loaded(each)] == ["pod-template"]
    standing_in.load()
    assert all(map(is_loaded, (*standing_in.of_objects, *standing_in.with_rows)))
    made().load()  # of what is there already, nothing


def test_a_place_can_be_sent() -> None:
    place = ANALYSES.joining[0]
    assert pickle.loads(pickle.dumps(place)) == place  # noqa: S301 - as a worker gets it
