"""The command that accepts a finding: it means that one, whatever it is called."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.waivers import Selector
from reports.html.accept import command
from tests.contract.reports import finding, reference

NAMES = st.one_of(
    st.text(min_size=1, max_size=20),
    st.sampled_from(("a'; rm -rf / #", "$(x)", "`x`", "[ab]*?", "--rule", "\u202ex", "a\nb", "\\")),
)


def chosen(text: str) -> dict[str, str]:
    """The options of a command, as a shell hands them over."""
    words = shlex.split(text)
    assert words[:4] == ["auditor", "waivers", "add", "waivers.yaml"]
    options = words[4:]
    assert len(options) % 2 == 0
    return {name[2:]: value for name, value in zip(options[::2], options[1::2], strict=True)}


@given(NAMES, NAMES, st.one_of(st.just(""), NAMES))
def test_it_fits_what_it_is_for(namespace: str, name: str, element: str) -> None:
    this = finding(resource=reference(name, namespace=namespace), element=element)
    found = chosen(command(this))
    assert found.pop("rule") == this.rule
    assert {found.pop(each) for each in ("owner", "approved-by", "reason")} == {"WHO", "WHY"}
    assert found.pop("expires") == "90d"
    assert Selector(**found).fits(this)
    other = finding(resource=reference(f"{name}x", namespace=namespace), element=element)
    assert not Selector(**found).fits(other)


def test_what_passes_is_not_accepted() -> None:
    assert command(finding(verdict="unknown")) == ""
