"""Whether a rule allows a request: cases by name, and against a second way to decide it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.rights.matching import PolicyRule, Request, allows
from tests.sweeps import examples


def rule(verbs: str, resources: str = "", groups: str = "core", names: str = "-") -> PolicyRule:
    """Words with spaces between them; ``core`` is the nameless group, ``none`` the empty name."""
    return PolicyRule(
        tuple(verbs.split()),
        tuple(each.replace("core", "") for each in groups.split()),
        tuple(resources.split()),
        () if names == "-" else tuple(each.replace("none", "") for each in names.split()),
    )


GET_POD = Request("get", "", "pods", name="a")
EXEC = Request("create", "", "pods", "exec", "a")
SCALE = Request("patch", "apps", "deployments", "scale", "a")
LIST = Request("list", "", "pods")


@pytest.mark.parametrize(
    ("made", "request_", "expected"),
    [
        (rule("get", "pods"), GET_POD, True),
        (rule("GET", "pods"), GET_POD, False),
        (rule("get", "Pods"), GET_POD, False),
        (rule("get", "pods", "apps"), GET_POD, False),
        (rule("get", "pods", "*"), GET_POD, True),
        (rule("get", "pods", ""), GET_POD, False),
        (rule("*", "*", "*"), EXEC, True),
        (rule("create", "pods"), EXEC, False),
        (rule("create", "pods/*"), EXEC, False),
        (rule("create", "pods/exec"), EXEC, True),
        (rule("create", "*/exec"), EXEC, True),
        (rule("create", "*/*"), EXEC, False),
        (rule("create", "*/exe"), EXEC, False),
        (rule("patch", "*/scale", "apps"), SCALE, True),
        (rule("patch", "deployments", "apps"), SCALE, False),
        (rule("get", "pods", names="a b"), GET_POD, True),
        (rule("get", "pods", names="b"), GET_POD, False),
        (rule("get", "pods", names="*"), GET_POD, False),
        (rule("list", "pods", names="a"), LIST, False),
        (rule("list", "pods", names="none"), LIST, True),
        (rule("get", "pods"), Request("get", path="/pods"), False),
    ],
)
def test_rules_about_resources(made: PolicyRule, request_: Request, *, expected: bool) -> None:
    assert allows(made, request_) is expected


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        ("/metrics", "/metrics", True),
        ("/metrics", "/metrics/", False),
        ("/healthz*", "/healthz", True),
        ("/healthz*", "/healthz/etcd", True),
        ("/api/*", "/api", False),
        ("/api**", "/api/v1", True),
        ("/a*b", "/axb", False),
        ("/a*b", "/a*b", True),
        ("*", "/anything", True),
    ],
)
def test_rules_about_addresses(url: str, path: str, *, expected: bool) -> None:
    made = PolicyRule(("get",), non_resource_urls=(url,))
    assert allows(made, Request("get", path=path)) is expected
    assert not allows(made, Request("post", path=path))


WORDS = st.sampled_from(["get", "create", "*", "Get", ""])
GROUP = st.sampled_from(["", "apps", "*", "ray.io"])
RESOURCE = st.sampled_from(["pods", "pods/exec", "pods/*", "*/exec", "*", "*/*", "nodes", "*/"])
NAME = st.sampled_from(["", "a", "b", "*"])
URL = st.sampled_from(["/a", "/a*", "*", "/a/*", "/b**", "/[a]", "/?"])


def tuples(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


RULES = st.builds(
    PolicyRule, tuples(WORDS), tuples(GROUP), tuples(RESOURCE), tuples(NAME), tuples(URL)
)
REQUESTS = st.one_of(
    st.builds(
        Request,
        WORDS,
        GROUP,
        st.sampled_from(["pods", "nodes", "*"]),
        st.sampled_from(["", "exec", "*", "log"]),
        NAME,
    ),
    st.builds(
        lambda verb, path: Request(verb, path=path),
        WORDS,
        st.sampled_from(["/a", "/ab", "/a/b", "/b", "/a*", "/[a]", "/?"]),
    ),
)


@examples(2000)
@given(RULES, REQUESTS)
def test_a_list_of_all_that_a_rule_allows_has_the_request(made: PolicyRule, asked: Request) -> None:
    assert allows(made, asked) is _listed(made, asked)


def _listed(made: PolicyRule, asked: Request) -> bool:
    """Decide by patterns of whole requests, in place of fields compared one by one."""
    if asked.path:
        return any(
            _pattern(verb, url).fullmatch(f"{asked.verb} {asked.path}")
            for verb in made.verbs
            for url in made.non_resource_urls
        )
    text = f"{asked.verb}|{asked.group}|{asked.combined}|{asked.name}"
    names = [re.escape(name) for name in made.resource_names] or [".*"]
    return any(
        re.fullmatch(rf"{_word(verb)}\|{_word(group)}\|{_resource(resource)}\|{name}", text)
        for verb in made.verbs
        for group in made.api_groups
        for resource in made.resources
        for name in names
    )


def _word(word: str) -> str:
    return r"[^|]*" if word == "*" else re.escape(word)


def _resource(word: str) -> str:
    if word == "*":
        return r"[^|]*"
    if word.startswith("*/") and len(word) > 2:
        return rf"[^|/]*/{re.escape(word[2:])}"
    return re.escape(word)


def _pattern(verb: str, url: str) -> re.Pattern[str]:
    stem = url.rstrip("*")
    beginning = re.escape(stem) + (".*" if url != stem else "")
    either = f"(?:{beginning}|{re.escape(url)})"
    word = ".*" if verb == "*" else re.escape(verb)
    return re.compile(f"{word} {either}")
