"""Markdown: nothing of elsewhere is markup, and a summary fits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from auditor.model.enums import GapCause, TargetState
from auditor.model.finding import GapReport, RuleInfo, TargetReport
from auditor.model.resource import Gap
from reports import markdown
from reports.text import safe
from tests.contract.reading import of_markdown
from tests.contract.reports import NASTY, Many, finding, reference, report

READER = MarkdownIt("commonmark")
TEXTS = (st.text(min_size=1) | st.sampled_from(NASTY) | st.text("` a", min_size=1)).map(safe)


@given(TEXTS)
def test_code_holds_a_text_as_it_is(text: str) -> None:
    (child,) = READER.parseInline(markdown.code(text))[0].children or ()
    assert (child.type, child.content) == ("code_inline", text)


@given(TEXTS)
def test_prose_has_no_markup(text: str) -> None:
    children = READER.parseInline(f"x{markdown.prose(text)}x")[0].children or ()
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == f"x{text}x"


@given(TEXTS)
def test_prose_begins_nothing(text: str) -> None:
    """Nor does it end the heading that it stands in."""
    line = text.strip(" ")
    kinds = [token.type for token in READER.parse(markdown.prose(line))]
    assert kinds == (["paragraph_open", "inline", "paragraph_close"] if line else [])
    start, words, end = READER.parse(f"## high: {markdown.prose(line)}")
    assert (start.type, end.type) == ("heading_open", "heading_close")
    assert "".join(child.content for child in words.children or ()) == f"high: {line}".strip(" ")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ('Don\'t mount /var/run (docker.sock), e.g. by "a_name"; 10 %!', None),
        ("The API server has --anonymous-auth=false", None),
        ("drop ALL & add NET_ADMIN? k8s://prod: no - never", None),
        ("- a", "\\- a"),
        ("+1", "\\+1"),
        ("== b", "\\== b"),
        ("# a #", "\\# a \\#"),
        (" > a -> b", " \\> a -> b"),
        ("12. a. b", "12\\. a. b"),
        ("1) a", "1\\) a"),
        ("_a_ a_b_ **c**", "\\_a\\_ a_b\\_ \\*\\*c\\*\\*"),
        ("&amp; &#35; & b", "\\&amp; \\&\\#35; & b"),
        ("![a](b)", "!\\[a\\](b)"),
        ("<b>", "\\<b>"),
        (
            "@team #1 !2 :tada: HTTPS://a.example www.b.example",
            r"\@team \#1 \!2 \:tada: HTTPS\://a.example www\.b.example",
        ),
        (
            "mailto:a, {{ insert: param, x }}, $a$, H~2~O^x^, a | b",
            r"mailto\:a, \{\{ insert: param, x }}, \$a\$, H\~2\~O\^x\^, a \| b",
        ),
    ],
)
def test_prose_escapes_what_it_must(text: str, escaped: str | None) -> None:
    """Of what those make markup who extend CommonMark as well: the last two."""
    assert markdown.prose(text) == (text if escaped is None else escaped)


def test_findings_are_below_their_rules() -> None:
    rules = {"rule-one": RuleInfo("rule-one", "Rule *one*", "high", "Mend `it`.\n\nAfter:\n\n  a")}
    found = (finding(1), finding(2), finding(3, verdict="unknown"))
    text = b"".join(markdown.render(report(Many(found), rules=rules))).decode()
    assert text.count("\n## high: Rule \\*one\\*\n\n`rule-one`\n\nFix: ``Mend `it`.``\n") == 1
    assert "\n## unknown (high): Rule" in text
    assert "- `message 1`\n  - `Pod ml/pod-1, container main` in `t/a.yaml:3`\n" in text


def cut(**more: object) -> tuple[bytes, int]:
    data = b"".join(markdown.render_summary(report(**more)))  # type: ignore[arg-type]
    assert len(data) <= markdown.MOST_SUMMARY
    found = re.search(rb"(\d+) other lines are left out", data)
    return data, int(found[1]) if found else 0


def test_a_summary_has_the_worst_and_says_what_is_left_out() -> None:
    found = Many((finding(1, message="x" * 1000),), times=1500)
    data, _ = cut(findings=found)
    shown = of_markdown(data)
    assert 500 < len(shown.findings) < 1500
    assert len(shown.findings) + shown.left["findings"] == 1500
    assert len(shown.gaps) == 2


def test_gaps_leave_half_of_a_summary() -> None:
    gaps = tuple(
        GapReport(Gap("t", f"{number}.yaml", GapCause.DENIED, "x" * 1000), ())
        for number in range(2000)
    )
    targets = tuple(
        TargetReport(f"{number}" * 200, "u", "", TargetState.PARTIAL, 0, 0)
        for number in range(3000)
    )
    data, other = cut(findings=Many((finding(),), times=20), gaps=gaps, targets=targets)
    shown = of_markdown(data)
    assert len(shown.findings) == 20
    assert len(shown.gaps) + shown.left["gaps"] == 2000
    assert 0 < other < 3000


def test_a_finding_in_a_cluster() -> None:
    live = finding(resource=reference("web", target="k8s://p", file="GET /"))
    text = b"".join(markdown.render(report(Many((live,))))).decode()
    assert "in `k8s/p/ml/Pod/web`" in text
