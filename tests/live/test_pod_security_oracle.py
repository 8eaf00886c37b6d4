"""Our verdicts on generated pods are those of a real API server, for every level and version.

Each comparison asks the server about pods in a namespace that enforces one level at one version,
has the command judge the same pods by the profile of that level, and compares not only who is
refused but which controls are violated. A control that no pod violates, or every pod, would be
compared in vain: that fails too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client
from tests.live.pss_cases import Case, mixed_cases, single_cases
from tests.live.pss_edits import Json
from tests.live.pss_oracle import (
    LATEST,
    LEVELS,
    NEWEST,
    Answer,
    Question,
    Reached,
    ask,
    parse_reasons,
    prepare,
    version_name,
)
from tests.sweeps import sweep

MINORS = (*range(NEWEST + 1), LATEST)
SOME, WHOLE = 2, 14
MIXED_LONG = 150
MOST_INVALID = 0.1


@pytest.fixture(scope="session")
def admission(apiserver: ApiServer) -> Iterator[Client]:
    """The server with a namespace for every level and version."""
    with apiserver.client() as client:
        prepare(client, MINORS)
        yield client


@sweep(SOME, WHOLE)
@pytest.mark.parametrize("level", LEVELS)
def test_verdicts_are_those_of_the_api_server(
    level: str,
    size: int,
    admission: Client,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Each edit at one version of every level, and other mixtures of edits at every version.

    A part of it has each version at one of the levels, and the latest at all.
    """
    singles = list(single_cases())
    reached = Reached()
    versions = MINORS if size == WHOLE else (*MINORS[LEVELS.index(level) : -1 : 2], LATEST)
    for number, minor in enumerate(versions):
        cases = [*singles[number :: len(versions)], *mixed_cases(minor, size)]
        reached.add(_compare(cases, level, minor, admission, tmp_path))
    record_property("compared", reached.told(level))
    assert reached.one_sided(level) == []


@pytest.mark.long
@pytest.mark.parametrize("minor", MINORS, ids=version_name)
@pytest.mark.parametrize("level", LEVELS)
def test_every_edit_and_many_mixtures_at_every_version(
    level: str, minor: int, admission: Client, tmp_path: Path
) -> None:
    cases = [*single_cases(), *mixed_cases(1000 + minor, MIXED_LONG)]
    _compare(cases, level, minor, admission, tmp_path)


def _compare(
    cases: Sequence[Case], level: str, minor: int, admission: Client, tmp_path: Path
) -> list[Answer]:
    """Fail on the first version with a difference; else return the answers to valid pods."""
    answers = ask(admission, [Question(case, level, minor) for case in cases])
    judged = _judge([case.pod() for case in cases], level, minor, tmp_path)
    valid = [answer for answer in answers if not answer.invalid]
    assert len(cases) - len(valid) <= max(2, MOST_INVALID * len(cases)), [
        answer.invalid for answer in answers if answer.invalid
    ][:3]
    differences = list(_differences(level, cases, answers, judged))
    assert not differences, "\n".join(
        [f"{version_name(minor)}: {len(differences)} of {len(cases)}:", *differences[:10]]
    )
    return valid


def test_refusal_is_parsed_reason_by_reason() -> None:
    message = (
        'pods "a" is forbidden: violates PodSecurity "restricted:v1.30": host namespaces '
        "(hostNetwork=true), forbidden AppArmor profiles (annotations must not set AppArmor "
        'profile type to "a(b)=\\"c\\"", "d"), hostPort, runAsNonRoot != true (pod must not)'
    )
    expected = ["host-namespaces", "apparmor", "host-ports", "run-as-non-root"]
    assert list(parse_reasons(message)) == expected


def test_unknown_reason_is_no_silent_agreement() -> None:
    with pytest.raises(AssertionError, match="unknown reason at 'new control"):
        list(parse_reasons('violates PodSecurity "baseline:latest": new control (x)'))


def _judge(pods: Sequence[Json], level: str, minor: int, folder: Path) -> list[Json]:
    """Judge the pods as a person would, and return each pod's findings by rule."""
    for number, pod in enumerate(pods):
        metadata = pod["metadata"]
        assert isinstance(metadata, dict)
        metadata["name"] = f"case-{number}"
    (folder / "pods.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": pods})
    )
    version = version_name(minor).removeprefix("v")
    done = auditor(
        *("scan", folder / "pods.json", "--format", "json", "--workers", "1"),
        *("--profile", f"pod-security-{level}", "--set", f"version={version}"),
        env={"XDG_CACHE_HOME": str(folder / "cache")},
    )
    assert done.code in {0, 1, 3}, done.err
    results = done.results()
    assert results["gaps"] == []
    found: list[Json] = [{} for _ in pods]
    for finding in results["findings"]:
        number = int(finding["resource"]["name"].removeprefix("case-"))
        found[number].setdefault(finding["rule"], finding)
    return found


def _differences(
    level: str, cases: Sequence[Case], answers: Sequence[Answer], judged: Sequence[Json]
) -> Iterator[str]:
    for case, answer, findings in zip(cases, answers, judged, strict=True):
        if answer.invalid:
            continue
        for rule, finding in findings.items():
            assert isinstance(finding, dict)
            if finding["verdict"] != "fail":
                yield f"{case}: {rule} is {finding['verdict']}: {finding['message']}"
        ours = frozenset(_violated(level, findings))
        if ours != answer.violated:
            yield (
                f"{case}: only the server says {sorted(answer.violated - ours)},"
                f" only we say {sorted(ours - answer.violated)}"
            )


def _violated(level: str, findings: Mapping[str, object]) -> Iterator[str]:
    """The ids of violated controls; a rule of both levels counts for the one that is asked about.

    The server does the same: at the level restricted, the check of volume types stands in for the
    baseline's check of host paths, and so on.
    """
    for finding in findings.values():
        assert isinstance(finding, dict)
        controls = {
            framework: control
            for framework, _, control in (str(each).partition(":") for each in finding["controls"])
        }
        yield controls.get(f"pss-{level}") or controls["pss-baseline"]
