"""The page of a report in a real browser: what it runs, asks for, lets one do, and prints."""

from __future__ import annotations

import io
import json
import shlex
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader

from auditor.history.course import trend_of
from auditor.model.results import Baseline
from auditor.model.results_finding import Waiver
from reports.html.page import render
from reports.html.trend import render as render_trend
from tests.contract.reports import Many, finding, report
from tests.contract.test_injection import HOSTILE, hostile
from tests.e2e.command import ESTATE, ROOT, auditor
from tests.engines.chromium import Chromium, Tab
from tests.unit.history.made import finding as finding_seen
from tests.unit.history.made import run as run_seen

EXAMPLES = ("gpu-host", "gpu-cluster", "vcenter")
SHOWN = 200
"""How many findings the list has at first."""
LOOKS = [("light", 1280), ("dark", 1280), ("dark", 420)]
POLYGLOTS = (
    " ".join(HOSTILE),
    "</script><script>alert(1)</script>",
    "' onmouseover='alert(1)' \" autofocus onfocus=\"alert(1)",
    "<img src=x onerror=alert(1)>",
    "--><svg/onload=alert(1)><style>*{display:none}</style>",
)
"""What others may write, in every field; the same texts one by one are tried without a browser."""
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    targets = (ESTATE, *(ROOT / "examples" / each for each in EXAMPLES))
    options = ("--quiet", "-o", f"html={folder / 'r.html'}", "-o", f"json={folder / 'r.json'}")
    assert auditor("scan", *targets, *options).code == 1
    return folder


@pytest.fixture(scope="module")
def findings(made: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((made / "r.json").read_text())["findings"]
    return found


@pytest.fixture(scope="module")
def opened(made: Path, chromium: Chromium) -> Iterator[Tab]:
    """The page of the examples, one for all tests of this file."""
    with chromium.tab((made / "r.html").as_uri()) as tab:
        ready(tab)
        yield tab


@pytest.fixture
def page(opened: Tab) -> Tab:
    """The same, with nothing chosen."""
    opened.run("document.getElementById('filters').reset()")
    opened.run("document.getElementById('filters').dispatchEvent(new Event('input'))")
    opened.run("document.querySelectorAll('details').forEach((each) => { each.open = false; })")
    return opened


def until(page: Tab, condition: str) -> None:
    """Wait until something is so: what a script does at an event comes a little after it."""
    look = f"let left = 4000; const look = () => {{ if ({condition}) so(); else if (left--) "
    page.run(
        f"new Promise((so, no) => {{ {look} setTimeout(look, 5); else no('never'); }}; look(); }})"
    )


def ready(page: Tab) -> None:
    """Wait until the script has put the findings into the page."""
    until(page, "document.getElementById('listed').children.length")


def open_all(page: Tab) -> None:
    """Open what can be opened, and wait until it is filled."""
    page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    until(
        page, "[...document.querySelectorAll('details[open]')].every((e) => e.children.length > 1)"
    )


def choose(page: Tab, name: str, value: str) -> None:
    field = f"document.getElementById('filters').elements[{json.dumps(name)}]"
    page.run(f"{field}.value = {json.dumps(value)}")
    page.run(f"{field}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    assert page.run(f"{field}.value") == value, "a choice that the page does not offer"


def counted(page: Tab) -> int:
    """How many findings the page says that it has found."""
    said: str = page.run("document.getElementById('said').textContent")
    return int(said.split(" of ", maxsplit=1)[0].replace(",", ""))


def test_it_runs_without_a_word_and_asks_for_nothing(page: Tab, made: Path) -> None:
    assert page.said() == []
    assert page.asked() == [(made / "r.html").as_uri()]
    assert page.run("document.title").startswith("Audit of ")


def test_all_findings_can_be_had(page: Tab, findings: list[dict[str, Any]]) -> None:
    assert counted(page) == len(findings)
    assert len(findings) > SHOWN
    choose(page, "by", "none")
    while not page.run("document.getElementById('more').hidden"):
        page.run("document.getElementById('more').click()")
    assert page.run("document.getElementById('listed').children.length") == len(findings)


@pytest.mark.parametrize("by", ["", "object", "tenant", "namespace", "target"])
def test_groups_have_all_findings(page: Tab, findings: list[dict[str, Any]], by: str) -> None:
    choose(page, "by", by)
    while not page.run("document.getElementById('more').hidden"):
        page.run("document.getElementById('more').click()")
    open_all(page)
    page.run("document.querySelectorAll('#listed button').forEach((each) => each.click())")
    inside = "document.querySelectorAll('#listed > details > div > details').length"
    assert page.run(inside) == len(findings)
    if by == "":
        assert page.run("document.getElementById('listed').children.length") == len(
            {(each["rule"], each["severity"], each["verdict"]) for each in findings}
        )


def test_the_browser_would_tell(made: Path, chromium: Chromium, tmp_path: Path) -> None:
    """What these tests look for is seen where it is: a script, a picture from elsewhere."""
    text = (made / "r.html").read_text()
    file = tmp_path / "worse.html"
    worse = "<script>alert(1)</script><img src='https://example.invalid/x.png'>"
    file.write_text(text.replace("</main>", f"{worse}</main>"))
    with chromium.tab(file.as_uri()) as page:
        assert sum("Content Security Policy" in each for each in page.said()) == 2
    file.write_text(f"<!doctype html><title>x</title>{worse.replace('alert(1)', 'throw 1')}")
    with chromium.tab(file.as_uri()) as page:
        assert page.asked() == [file.as_uri(), "https://example.invalid/x.png"]
        assert any("exceptionDetails" in each for each in page.said())


WAYS = {
    "severity": lambda each: each["severity"] if each["verdict"] == "fail" else each["verdict"],
    "verdict": lambda each: each["verdict"],
    "rule": lambda each: each["rule"],
    "target": lambda each: each["resource"]["target"],
    "namespace": lambda each: each["resource"]["namespace"],
}


@pytest.mark.parametrize("name", WAYS)
def test_a_filter_leaves_what_it_says(page: Tab, findings: list[dict[str, Any]], name: str) -> None:
    values = {WAYS[name](each) for each in findings} - {""}
    assert len(values) > 1
    for value in sorted(values)[:8]:
        choose(page, name, value)
        assert counted(page) == sum(WAYS[name](each) == value for each in findings), value


def test_frameworks_and_texts_are_filters(page: Tab, findings: list[dict[str, Any]]) -> None:
    choose(page, "framework", "cis-docker")
    rules = {
        each["rule"]
        for each in findings
        if any(control.startswith("cis-docker:") for control in each["controls"])
    }
    assert counted(page) == sum(each["rule"] in rules for each in findings) > 0
    choose(page, "framework", "")
    choose(page, "text", "Privileged")
    assert 0 < counted(page) < len(findings)
    choose(page, "by", "none")
    open_all(page)
    texts = page.run("[...document.getElementById('listed').children].map((e) => e.textContent)")
    assert all("privileged" in each.lower() for each in texts)


def test_links_lead_somewhere(page: Tab) -> None:
    links = page.run("[...document.querySelectorAll('a')].map((e) => e.getAttribute('href'))")
    assert len(links) > 5
    assert all(each.startswith("#") for each in links)
    lost = "(each) => !document.getElementById(each.getAttribute('href').slice(1))"
    assert page.run(f"[...document.querySelectorAll('a')].filter({lost}).length") == 0


def test_a_keyboard_is_enough(made: Path, chromium: Chromium) -> None:
    with chromium.tab((made / "r.html").as_uri()) as page:
        ready(page)
        page.press("Tab", 9)
        assert page.run("document.activeElement.className") == "skip"
        for _ in range(200):
            page.press("Tab", 9)
            if page.run("document.activeElement.closest('#listed') !== null"):
                break
        else:
            pytest.fail("no way to the findings")
        detail = "document.activeElement.parentElement"
        page.press("Enter", 13, "\r")
        until(page, f"{detail}.querySelector('details')")
        assert page.run(f"{detail}.parentElement.id") == "listed"
        page.press("Tab", 9)
        page.press("Enter", 13, "\r")
        until(page, f"{detail}.children.length > 1")
        assert "auditor waivers add" in page.run(f"{detail}.textContent")
        page.press("Enter", 13, "\r")
        assert not page.run(f"{detail}.open")


def test_a_choice_can_be_sent(page: Tab, made: Path, chromium: Chromium) -> None:
    choose(page, "severity", "high")
    choose(page, "by", "object")
    many, place = counted(page), page.run("location.hash")
    assert place == "#findings?severity=high&by=object"
    with chromium.tab(f"{(made / 'r.html').as_uri()}{place}") as other:
        ready(other)
        assert counted(other) == many
        assert other.run("document.getElementById('by').value") == "object"
        other.run("location.hash = '#findings?severity=low'")
        until(other, f"!document.getElementById('said').textContent.startsWith('{many} of ')")
        assert other.run("document.getElementById('severity').value") == "low"
        assert other.run("document.getElementById('by').value") == ""
        assert other.said() == []


def test_what_is_accepted_says_so_and_what_is_new_is_listed(
    chromium: Chromium, tmp_path: Path
) -> None:
    """A finding that is both is told as both; it has no command that accepts it once more."""
    accepted = Waiver("W-7", "ml", "so", "ciso", "2027-01-01")
    some = (
        finding(1, new=True, waiver=accepted),
        finding(2, new=True),
        finding(3, waiver=accepted),
        finding(4),
    )
    since = Baseline("r", "sha256:" + "b" * 64, 2, 2)
    file = tmp_path / "r.html"
    file.write_bytes(b"".join(render(report(Many(some), baseline=since))))
    with chromium.tab(file.as_uri()) as page:
        ready(page)
        page.run("document.querySelector('#change [data-value=new]').click()")
        assert counted(page) == 2
        choose(page, "by", "none")
        open_all(page)
        shown = page.run("[...document.getElementById('listed').children].map((e) => e.innerText)")
        assert ["accepted until 2027-01-01" in each for each in shown] == [True, False]
        assert ["auditor waivers add" in each for each in shown] == [False, True]
        for state, many in (("accepted", 2), ("open", 2), ("", 4)):
            choose(page, "state", state)
            assert counted(page) == many, state


def test_a_filter_that_has_one_value_is_not_offered(chromium: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "r.html"
    file.write_bytes(b"".join(render(report(Many((finding(1), finding(2)))))))
    with chromium.tab(f"{file.as_uri()}#findings?by=target&severity=high") as page:
        ready(page)
        offered = "[...document.querySelectorAll('#filters select')]"
        names = page.run(f"{offered}.filter((e) => e.checkVisibility()).map((e) => e.name)")
        assert names == ["severity", "state", "by"]
        assert page.run("document.getElementById('by').value") == ""
        assert counted(page) == 2


def test_a_number_leads_to_its_findings(page: Tab) -> None:
    page.run("document.querySelector('.tile.critical').click()")
    assert page.run("document.getElementById('severity').value") == "critical"
    said: str = page.run("document.querySelector('.tile.critical b').textContent")
    assert counted(page) == int(said.replace(",", ""))


def test_the_command_that_accepts_is_the_one_of_the_page(page: Tab, made: Path) -> None:
    """The script writes for all findings what the page itself has for the first of each rule."""
    choose(page, "by", "none")
    open_all(page)
    last = "each.querySelector('dd:last-of-type').textContent"
    inside = page.run(f"[...document.querySelectorAll('#listed details')].map((each) => {last})")
    static = page.run(
        "[...document.querySelectorAll('.static pre')].map((each) => each.textContent)"
    )
    commands = {each for each in static if each.startswith("auditor waivers add")}
    assert len(commands) > 100
    written = [each for each in inside if each.startswith("auditor waivers add")]
    assert len(written) > 100
    rules = {shlex.split(each)[5] for each in written}
    assert {each for each in commands if shlex.split(each)[5] in rules} <= set(written)


def test_it_is_of_use_without_scripts(
    made: Path, chromium: Chromium, findings: list[dict[str, Any]]
) -> None:
    with chromium.tab((made / "r.html").as_uri(), scripts=False) as page:
        text = page.run("document.body.innerText")
        assert not page.run("document.getElementById('browse').checkVisibility()")
    for rule in {each["rule"] for each in findings}:
        assert rule in text
    assert "What counts as a failure?" in text


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_it_prints_what_is_folded(chromium: Chromium, tmp_path: Path, *, scripts: bool) -> None:
    file, results = tmp_path / "r.html", tmp_path / "r.json"
    options = ("--quiet", "-o", f"html={file}", "-o", f"json={results}")
    assert auditor("scan", ROOT / "examples/gpu-host", *options).code == 1
    with chromium.tab(file.as_uri(), scripts=scripts) as page:
        pages = PdfReader(io.BytesIO(page.printed())).pages
    # letters are joined in print, and lines end where they do
    text = unicodedata.normalize("NFKC", "".join(each.extract_text() for each in pages))
    plain = "".join(text.split())
    findings = json.loads(results.read_text())["findings"]
    assert len(findings) > 20
    assert all(each["rule"] in plain for each in findings)
    assert "Whatcountsasafailure?" in plain
    assert "auditorwaiversadd" in plain
    assert "Groupby" not in plain


def barriers(page: Tab, axe: str, scheme: str, width: int) -> list[Any]:
    """What keeps people from using a page, as axe-core judges it."""
    page.looks(scheme, width)
    page.run(f"{axe}; 0")
    found = page.run("axe.run(document, {resultTypes: ['violations']})")
    assert len(found["passes"]) > 10
    assert page.run("document.documentElement.scrollWidth") == width, "it runs over the edge"
    return [each for each in found["violations"] if each["impact"] in SERIOUS]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_nobody_is_kept_out(page: Tab, axe: str, scheme: str, width: int) -> None:
    page.run("document.querySelectorAll('details').forEach((e, i) => { e.open = i % 40 === 0; })")
    choose(page, "severity", "critical")
    assert barriers(page, axe, scheme, width) == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_nobody_is_kept_out_of_what_people_decided(
    chromium: Chromium, axe: str, tmp_path: Path, scheme: str, width: int
) -> None:
    """Waivers, answers and a baseline, which the examples lack."""
    file = tmp_path / "r.html"
    file.write_bytes(b"".join(render(hostile("plain words", tmp_path))))
    with chromium.tab(file.as_uri()) as page:
        ready(page)
        for section in ("change", "waivers", "answers", "gaps"):
            assert page.run(f"document.getElementById('{section}').innerText.length > 50"), section
        open_all(page)
        assert barriers(page, axe, scheme, width) == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_nobody_is_kept_out_of_a_history(
    chromium: Chromium, axe: str, tmp_path: Path, scheme: str, width: int
) -> None:
    leaky = finding_seen(0, "k8s-rule", "x")
    file = tmp_path / "t.html"
    history = trend_of([run_seen(1, leaky), run_seen(2), run_seen(3, leaky), run_seen(5, leaky)])
    file.write_bytes(b"".join(render_trend(history, "rule")))
    with chromium.tab(file.as_uri()) as page:
        assert barriers(page, axe, scheme, width) == []
        assert page.said() == []
        assert page.asked() == [file.as_uri()]
        colours = "new Set([...document.querySelectorAll('polygon, rect')].map((e) => "
        assert page.run(f"{colours}getComputedStyle(e).fill)).size") == 4


def test_axe_would_tell(chromium: Chromium, axe: str, tmp_path: Path) -> None:
    file = tmp_path / "worse.html"
    pale = "<p style='color: #ccc; background: #fff'>pale</p><img src='data:,'>"
    file.write_text(f"<!doctype html><html lang=en><title>x</title><main>{pale}</main>")
    with chromium.tab(file.as_uri()) as page:
        page.run(f"{axe}; 0")
        found = page.run("axe.run(document, {resultTypes: ['violations']})")
    names = {each["id"] for each in found["violations"] if each["impact"] in SERIOUS}
    assert names == {"color-contrast", "image-alt"}


def test_what_others_wrote_does_nothing(chromium: Chromium, tmp_path: Path) -> None:
    for number, text in enumerate(POLYGLOTS):
        file = tmp_path / f"{number}.html"
        what = hostile(text, tmp_path)
        open_ = tuple(msgspec.structs.replace(each, waiver=None) for each in what.findings)
        what = msgspec.structs.replace(what, findings=Many(open_))
        file.write_bytes(b"".join(render(what)))
        with chromium.tab(file.as_uri()) as page:
            ready(page)
            assert counted(page) == 1
            open_all(page)
            open_all(page)
            assert "auditor waivers add" in page.run("document.getElementById('listed').innerText")
            assert page.run("document.scripts.length") == 2
            assert page.run("document.querySelectorAll('img, iframe, object, base').length") == 0
            assert page.asked() == [file.as_uri()]
            assert page.said() == [], "a policy that had to hold something back says so"
            dialogs = [each["method"] for each in page.devtools.events]
            assert "Page.javascriptDialogOpening" not in dialogs
