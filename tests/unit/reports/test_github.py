"""Annotations of GitHub Actions: what the runner takes for a command, and how many."""

from __future__ import annotations

from collections import Counter

from auditor.model.enums import GapCause
from auditor.model.finding import GapReport
from auditor.model.resource import Gap
from auditor.model.results_finding import Waiver
from reports import github
from tests.contract.reading import of_github
from tests.contract.reports import Many, finding, reference, report


def lines(*found: object, **more: object) -> list[str]:
    data = b"".join(github.render(report(Many(found), **more)))  # type: ignore[arg-type]
    return data.decode().splitlines()


def test_a_command() -> None:
    assert lines(finding(message="50 %\n::error::x"), gaps=())[0] == (
        "::error file=t/a.yaml,line=3,title=high%3A Rule one::50 %25\\x0a::error::x"
        "%0APod ml/pod-0, container main%0A/spec/x = 0%0Aauditor explain rule-one"
    )


def test_names_end_no_property() -> None:
    odd = finding(resource=reference("web", file="a,title=x::y.yaml"))
    assert lines(odd, gaps=())[0].startswith("::error file=t/a%2Ctitle=x%3A%3Ay.yaml,title=high")


def test_levels() -> None:
    found = [finding(verdict="unknown", severity="low"), finding(severity="info")]
    found.append(finding(waiver=Waiver("W-1", "ml", "moves", "ciso", "2027-01-01")))
    said = [line.split(" ", 1)[0] for line in lines(*found, gaps=())[:3]]
    assert said == ["::warning", "::notice", "::notice"]


def test_ten_of_a_level_the_worst_first() -> None:
    found = [finding(number, severity="critical") for number in range(12)]
    found += [finding(number, severity="medium") for number in range(9)]
    gaps = tuple(
        GapReport(Gap("t", f"{number}.yaml", GapCause.DENIED, "d"), ()) for number in range(7)
    )
    said = lines(*found, gaps=gaps)
    levels = Counter(line.split(" ", 1)[0] for line in said if line.startswith("::"))
    assert levels == {"::error": 10, "::warning": 10}
    shown = of_github("\n".join(said).encode() + b"\n")
    assert [message for _, message in shown.findings[:10]] == [f"message {n}" for n in range(10)]
    assert shown.left == {"findings": 2 + 4, "gaps": 2}


def test_the_rest_is_no_command() -> None:
    what = lines(gaps=(GapReport(Gap("##[error]x", "a", GapCause.DENIED, "d"), ()),))
    assert "auditor: gate high: fail: 2 findings at or above high" in what
    assert "auditor: k8s://x: unreachable" in what
