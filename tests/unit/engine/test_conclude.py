"""Which gaps blind which rules, what a control comes to, how much was covered."""

from __future__ import annotations

import pytest

from auditor.analysis.table import ANALYSES
from auditor.analysis.workloads import TEMPLATES
from auditor.engine import conclude
from auditor.engine.sources import needing, sources_of, wanted_by
from auditor.engine.tally import lane
from auditor.model.enums import About, GapCause, Verdict
from auditor.model.finding import RuleCount
from auditor.model.resource import Excluded, Gap
from auditor.platforms import PLATFORMS
from tests.unit.engine.making import active
from tests.unit.platforms.test_platforms import TWO

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
NOT_APPLICABLE, MANUAL = Verdict.NOT_APPLICABLE, Verdict.MANUAL
RULES = (
    active("true", name="pods", kinds=["k8s/PodTemplate"]),
    active("true", name="deny", kinds=["k8s/NamespacePosture"], needs=["k8s/NetworkPolicy"]),
    active("true", name="quota", kinds=["k8s/NamespacePosture"], needs=["k8s/ResourceQuota"]),
    active("true", name="policies", kinds=["k8s/NetworkPolicy"]),
)


def gap(scope: str, cause: GapCause = GapCause.DENIED, detail: str = "why") -> Gap:
    return Gap("t", scope, cause, detail)


ANALYSES_MADE = ANALYSES.made(
    {
        TEMPLATES: [
            {"kind": "Pod", "group": "", "templates": [""], "shape": "template"},
            {
                "kind": "Deployment",
                "group": "apps",
                "templates": ["spec.template"],
                "shape": "template",
            },
        ]
    }
)
FEEDS = ANALYSES_MADE.feeds
SOURCES = sources_of(RULES, ANALYSES_MADE)


@pytest.mark.parametrize(
    ("scope", "told", "without", "short"),
    [
        pytest.param(
            "k8s/NetworkPolicy", ("deny", "policies"), ("deny",), {"deny", "policies"}, id="needed"
        ),
        pytest.param("k8s/Deployment", ("pods",), (), {"pods"}, id="judged among others"),
        pytest.param("k8s/Namespace", ("deny", "quota"), (), {"deny", "quota"}, id="judged by two"),
        pytest.param(
            "a.yaml",
            ("deny", "quota"),
            ("deny", "quota"),
            {"pods", "deny", "quota", "policies"},
            id="a file",
        ),
        pytest.param(
            "t",
            ("deny", "quota"),
            ("deny", "quota"),
            {"pods", "deny", "quota", "policies"},
            id="a target",
        ),
    ],
)
def test_what_a_gap_takes(
    scope: str, told: tuple[str, ...], without: tuple[str, ...], short: set[str]
) -> None:
    assert conclude.rules_blinded_by(gap(scope), RULES, SOURCES) == told
    assert conclude.rules_without_verdict(gap(scope), RULES, SOURCES) == without
    assert conclude.rules_short_of(gap(scope), RULES, SOURCES) == short
    (report,) = conclude.gap_reports([gap(scope), gap(scope)], RULES, SOURCES)
    assert (report.gap, report.rules) == (gap(scope), told)


LIVE = Gap("k8s://a", "k8s://a", GapCause.TRUNCATED, "it changed")


def test_a_gap_over_a_live_target_takes_everything() -> None:
    """Also failures: of which cluster they are is not known. Rules about files lose nothing."""
    files = active("true", name="files", kinds=["k8s/Pod"], about=About.FILES)
    rules = (*RULES, files)
    sources = sources_of(rules, ANALYSES_MADE)
    names = tuple(rule.rule.id for rule in RULES)
    assert conclude.rules_blinded_by(LIVE, rules, sources) == names
    assert conclude.rules_without_verdict(LIVE, rules, sources) == (*names, "files")
    assert conclude.rules_short_of(LIVE, rules, sources) == {*names, "files"}
    assert conclude.unseen([LIVE, LIVE], rules, sources) == dict.fromkeys(names, 1)
    reason = "k8s://a was not read as one whole (truncated: it changed)"
    assert conclude.blind_rules([LIVE], rules, sources) == dict.fromkeys((*names, "files"), reason)


def test_a_gap_takes_nothing_from_rules_of_another_platform() -> None:
    box = active("true", name="box", kinds=["toy/Box"], needs=["toy/Shelf"])
    rules = (*RULES, box)
    sources = sources_of(rules, ANALYSES_MADE, TWO)
    both = {rule.rule.id for rule in rules}
    assert "box" not in conclude.rules_blinded_by(LIVE, rules, sources)
    assert "box" not in conclude.rules_without_verdict(LIVE, rules, sources)
    assert "box" not in conclude.rules_short_of(LIVE, rules, sources)
    host = Gap("toy://h", "toy://h", GapCause.UNREACHABLE, "no route")
    assert conclude.rules_blinded_by(host, rules, sources) == ("box",)
    assert conclude.rules_short_of(host, rules, sources) == {"box"}
    assert conclude.rules_short_of(gap("a.yaml"), rules, sources) == both, "files hold anything"


def test_each_target_is_asked_for_its_own_kinds() -> None:
    box = active("true", name="box", kinds=["toy/Box"], needs=["toy/Shelf"])
    wanted = wanted_by(sources_of((*RULES, box), ANALYSES_MADE, TWO).values(), TWO)
    assert wanted.of("toy+ssh://h") == {"toy/Box", "toy/Shelf"}
    assert {kind.partition("/")[0] for kind in wanted.of("k8s://a")} == {"k8s"}
    assert wanted.of("k8s://a") | wanted.of("toy://h") == wanted.kinds
    assert wanted.of("manifests/") == frozenset()


def test_a_gap_over_a_namespace_of_a_live_target() -> None:
    """Every rule misses something; who asks with the gaps of a namespace gets its reason."""
    gap = Gap("k8s://a", "k8s://a", GapCause.DENIED, "namespace ml: no", namespace="ml")
    names = tuple(rule.rule.id for rule in RULES)
    assert conclude.rules_blinded_by(gap, RULES, SOURCES) == names
    assert conclude.unseen([gap], RULES, SOURCES) == dict.fromkeys(names, 1)
    reason = "k8s://a was not read (denied: namespace ml: no)"
    assert conclude.blind_rules([gap], RULES, SOURCES)["deny"] == reason


@pytest.mark.parametrize("uri", ["-", "a.yaml"])
def test_a_file_that_is_a_target_keeps_what_was_read_of_it(uri: str) -> None:
    gap = Gap(uri, uri, GapCause.MALFORMED, "a document is torn")
    assert conclude.rules_without_verdict(gap, RULES, SOURCES) == ("deny", "quota")
    assert conclude.unseen([gap], RULES, SOURCES) == {}


def test_a_posture_that_counts_workloads_needs_all_of_them() -> None:
    rule = active("object.workloads > 0", name="busy", kinds=["k8s/NamespacePosture"])
    sources = sources_of(needing([rule], FEEDS), ANALYSES_MADE)
    assert sources["busy"].judged == {"k8s/Namespace"}
    assert sources["busy"].needed == {"k8s/Pod", "k8s/Deployment"}
    assert conclude.rules_without_verdict(gap("k8s/Deployment"), [rule], sources) == ("busy",)


def test_the_first_gap_is_named_whatever_the_order() -> None:
    gaps = [gap("b.yaml"), gap("a.yaml", GapCause.MALFORMED, "odd"), gap("k8s/ResourceQuota")]
    for order in (gaps, gaps[::-1]):
        assert conclude.blind_rules(order, RULES, SOURCES) == {
            "deny": "a.yaml was not read (malformed: odd)",
            "quota": "a.yaml was not read (malformed: odd)",
        }


def test_a_blinded_rule_has_no_verdict_at_all() -> None:
    tally = sum(
        lane(rule, verdict) for rule in (0, 1) for verdict in (PASS, PASS, FAIL, NOT_APPLICABLE)
    )
    counts = conclude.rule_counts(tally, RULES[:2], {"deny": "gone"}, {})
    assert counts == (RuleCount("pods", 2, 1, 0, 1, 0), RuleCount("deny", 0, 0, 4, 0, 0))


def test_a_kind_that_was_not_read_is_unknown_beside_what_was() -> None:
    """Each verdict rests on evidence of its own: a failing pod fails whatever else is denied."""
    gaps = [gap("k8s/Deployment"), gap("k8s/Deployment"), gap("a.yaml")]
    missing = conclude.unseen(gaps, RULES, SOURCES)
    assert missing == {"pods": 1}
    tally = lane(0, PASS) + lane(0, FAIL)
    counts = conclude.rule_counts(tally, RULES[:1], {}, missing)
    assert counts == (RuleCount("pods", 1, 1, 1, 0, 0),)


def test_counts_of_targets_add_up() -> None:
    one, two = (RuleCount("r", 1, 2, 3, 4, 5),), (RuleCount("r", 10, 20, 30, 40, 50),)
    assert conclude.add_counts(one, two) == (RuleCount("r", 11, 22, 33, 44, 55),)
    assert conclude.add_counts(one, two) == conclude.add_counts(two, one)


def count(rule: str, **numbers: int) -> RuleCount:
    names = ("passed", "failed", "unknown", "not_applicable", "manual")
    return RuleCount(rule, *(numbers.get(name, 0) for name in names))


def test_coverage() -> None:
    counts = [
        count("a", passed=3, failed=2, not_applicable=1),
        count("b", unknown=2),
        count("c", passed=1, unknown=1),
        count("d"),
        count("e"),
    ]
    found = conclude.coverage_of(
        {"k8s/Pod": 3, "k8s/PodTemplate": 2},
        {"k8s/PodTemplate": 2},
        counts,
        frozenset({"d"}),
        {},
        conclude.Scope(facts=PLATFORMS.facts, elsewhere=frozenset({"d", "e"})),
    )
    kinds = [(kind.kind, kind.seen, kind.evaluated, kind.derived) for kind in found.kinds]
    assert kinds == [("k8s/Pod", 3, 0, False), ("k8s/PodTemplate", 2, 2, True)]
    assert (found.evaluated, found.blind) == (2, 2), (
        "b decided nothing, d was blinded, e is elsewhere"
    )
    assert found.excluded == 0
    assert found.ratio == pytest.approx(7 / 10)


def test_coverage_of_nothing_is_none() -> None:
    assert conclude.coverage_of({}, {}, [count("a")], frozenset(), {}).ratio == 0


def test_coverage_without_what_is_not_read_by_design() -> None:
    """Left out is a number of its own; what a gap blinds as well is blind."""
    counts = [
        count("only there", unknown=1),
        count("also elsewhere", passed=2, unknown=1),
        count("a gap too", unknown=2),
        count("whole", passed=1),
    ]
    left = {"only there": 1, "also elsewhere": 1, "a gap too": 1}
    found = conclude.coverage_of({}, {}, counts, frozenset(), left)
    assert (found.evaluated, found.blind, found.excluded) == (1, 1, 2)
    assert found.ratio == pytest.approx(3 / 7)


def test_what_is_excluded_takes_from_the_rules_that_rest_on_it() -> None:
    excluded = [Excluded("k8s/NetworkPolicy", "never"), Excluded("the certificate", "unchecked")]
    found = conclude.excluded_reports(excluded, RULES, SOURCES)
    assert [(item.kind, item.reason, item.rules) for item in found] == [
        ("k8s/NetworkPolicy", "never", ("deny", "policies")),
        ("the certificate", "unchecked", ()),
    ]
    assert conclude.left_out(found) == {"deny": 1, "policies": 1}
    reason = "k8s/NetworkPolicy is not read by design: never"
    assert conclude.rules_without(found, SOURCES) == {"deny": reason}, "it needs them"


def test_a_rule_about_files_misses_nothing_of_a_cluster() -> None:
    rule = active("true", name="committed", kinds=["k8s/Secret"], about=About.FILES)
    (found,) = conclude.excluded_reports(
        [Excluded("k8s/Secret", "never")], [rule], sources_of([rule], ANALYSES_MADE)
    )
    assert found.rules == ()
