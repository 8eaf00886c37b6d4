"""The report as a page: one file, nothing in it but what it names, and all findings."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.html.page import render
from tests.contract.pages import Page
from tests.contract.reports import Many, finding, report
from tests.e2e.command import ESTATE, ROOT, auditor

MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    targets = (ESTATE, ROOT / "examples/gpu-cluster", ROOT / "examples/gpu-host")
    options = ("--quiet", "-o", f"html={folder / 'r.html'}", "-o", f"json={folder / 'r.json'}")
    assert auditor("scan", *targets, *options).code == 1
    return folder


@pytest.fixture(scope="module")
def text(made: Path) -> str:
    return (made / "r.html").read_text()


def test_it_asks_for_nothing_and_runs_nothing_else(text: str) -> None:
    page = Page(text)
    policy = next(
        each["content"] for each in page.of("meta") if each.get("http-equiv") and each["content"]
    )
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    style, script = page.texts["style"][0], page.texts["script"][-1]
    for name, content in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    for _, attributes in page.tags:
        assert not {"src", "style", "srcset", "action", "data"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    assert len(page.of("script")) == 2


def test_all_findings_are_in_it(made: Path, text: str) -> None:
    results = json.loads((made / "r.json").read_text())
    rows, head = Page(text).rows()
    found = [(head["rules"][row[0]]["id"], row[1], row[2], head["words"][row[3]]) for row in rows]
    assert found == [
        (each["rule"], each["severity"], each["verdict"], each["resource"]["target"])
        for each in results["findings"]
    ]
    rules = {each["rule"] for each in results["findings"]}
    assert rules == {each["id"] for each in head["rules"]}
    assert all(each["why"] and each["title"] for each in head["rules"])


def test_it_is_readable_without_scripts(made: Path, text: str) -> None:
    results = json.loads((made / "r.json").read_text())
    words = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    for each in {each["rule"] for each in results["findings"]}:
        assert each in words
    for control in results["controls"]:
        if control["state"] not in {"not-assessed", "not-covered", "manual"}:
            assert control["id"] in words
    assert results["gate"]["reasons"][0] in words
    assert "notebooks and serving" in words, "what two tenants share, in words"
    for question in ("What is in scope?", "What counts as a failure?"):
        assert question in words


def test_every_section_that_is_named_is_there(text: str) -> None:
    page = Page(text)
    ids = [each["id"] for _, each in page.tags if "id" in each]
    assert len(set(ids)) == len(ids)
    for link in page.of("a"):
        assert (link["href"] or "")[1:] in ids
    labels = {each["for"] for each in page.of("label")}
    assert labels == {each["id"] for each in (*page.of("select"), *page.of("input"))}


def test_the_picture_says_what_the_facts_say(made: Path, text: str) -> None:
    facts = json.loads((made / "r.json").read_text())["facts"]["gpu/Device"]
    levels = {each["body"]["level"] for each in facts if each["body"]["shares"]}
    drawn = {each["class"] for each in Page(text).of("rect")}
    assert {f"cell l{level}" for level in levels} <= drawn
    assert "hatch" in drawn, "what is not certain"


def test_each_of_two_who_share_is_drawn(made: Path, text: str) -> None:
    """Also one that goes by no count of GPUs, as a privileged container does."""
    facts = json.loads((made / "r.json").read_text())["facts"]["gpu/Device"]
    bodies = [each["body"] for each in facts if each["body"]["shares"]]
    told = Page(text).texts["title"]
    for body in bodies:
        pairs = [share["tenants"] for share in body["shares"]]
        for tenant in {name for pair in pairs for name in pair}:
            others = {name for pair in pairs if tenant in pair for name in pair} - {tenant}
            said = [f"{tenant} and {other} on {body['device']}: " for other in others]
            assert any(each.startswith(tuple(said)) for each in told), (tenant, body["device"])
    assert any("bypass" in share["mechanism"] for body in bodies for share in body["shares"])


def test_a_thousand_findings_are_small() -> None:
    many = tuple(finding(number, message=f"container c{number} is odd") for number in range(1000))
    assert sum(map(len, render(report(Many(many))))) < MOST_BYTES


NASTY = ("</script><script>x()</script>", "<img src=x>", "\x1b[2J", "\u202e", "&amp;", "${x}", "`")


@given(st.sampled_from(NASTY), st.sampled_from(("message", "element", "name", "rule")))
@settings(max_examples=40, deadline=None)
def test_what_others_wrote_is_text(nasty: str, field: str) -> None:
    if field == "name":
        found = finding()
        odd = finding(resource=type(found.resource)(**{**_fields(found.resource), "name": nasty}))
    else:
        odd = finding(**{field: f"a {nasty}"})
    text = b"".join(render(report(Many((odd,))))).decode()
    page = Page(text)
    assert len(page.of("script")) == 2
    assert not page.of("img")
    assert not {"\x1b", "\u202e"} & set(text)
    rows, _ = page.rows()
    assert len(rows) == 1


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
