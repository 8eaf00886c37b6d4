"""URLs: the values are those of Kubernetes 1.35, built with Go 1.26, for the same calls."""

from __future__ import annotations

import time

import pytest

from auditor.cel import DYN, CelCheckError, CelEvalError, Environment
from auditor.cel.library.url_syntax import Url, is_url, parse_url

ENVIRONMENT = Environment({"x": DYN})
UNCHECKED = Environment({"x": DYN}, checked=False)
ALL = (
    "[url(x).getScheme(), url(x).getHost(), url(x).getHostname(), url(x).getPort(),"
    " url(x).getEscapedPath(), url(x).getQuery()]"
)

PARTS: dict[str, tuple[str, list[object]]] = {
    "all parts": (
        "https://u:p@example.com:8443/a/b?q=1&r=2&q=3#f",
        ["https", "example.com:8443", "example.com", "8443", "/a/b", {"q": ["1", "3"], "r": ["2"]}],
    ),
    "a path": ("/a/b?c", ["", "", "", "", "/a/b", {"c": [""]}]),
    "a scheme in capitals": ("HTTP://A", ["http", "A", "A", "", "", {}]),
    "nothing behind the scheme": ("a:", ["a", "", "", "", "", {}]),
    "an opaque one": ("mailto:a@b?c=d", ["mailto", "", "", "", "", {"c": ["d"]}]),
    "one slash": ("x:/a", ["x", "", "", "", "/a", {}]),
    "three slashes": ("file:///a", ["file", "", "", "", "/a", {}]),
    "the star": ("*", ["", "", "", "", "*", {}]),
    "a host without a scheme": ("//a:1/b", ["", "a:1", "a", "1", "/b", {}]),
    "three slashes without a scheme": ("///a", ["", "", "", "", "///a", {}]),
    "a fragment behind the path": ("/a#b?c=d", ["", "", "", "", "/a", {}]),
    "a port without digits": ("http://a:/", ["http", "a:", "a", "", "/", {}]),
    "only a port": ("http://:80", ["http", ":80", "", "80", "", {}]),
    "an IPv6 address": ("http://[::1]:80/", ["http", "[::1]:80", "::1", "80", "/", {}]),
    "an address in another": ("x://[::ffff:1.2.3.4]", ["x", "[::ffff:1.2.3.4]", "::ffff:1.2.3.4"]),
    "a zone": ("x://[fe80::1%25e%20n]", ["x", "[fe80::1%e n]", "fe80::1%e n", "", "", {}]),
    "an @ in the user": ("x://u:p@q@a", ["x", "a", "a", "", "", {}]),
    "colons in the host": ("x://a:1:2", ["x", "a:1:2", "a:1", "2", "", {}]),
    "a host of other letters": ("x://é", ["x", "é", "é", "", "", {}]),
    "escaped letters in the host": ("x://%C3%A9:1", ["x", "é:1", "é", "1", "", {}]),
    "no UTF-8 in the host": ("x://%ff", ["x", "\ufffd", "\ufffd", "", "", {}]),
    "signs in the host": ("x://a<b>!\"$&'()*+,;=_~", ["x", "a<b>!\"$&'()*+,;=_~"]),
    "a path that needs escapes": ("/a b/é/{}", ["", "", "", "", "/a%20b/%C3%A9/%7B%7D", {}]),
    "a path as it was written": ("/%41%2f[']", ["", "", "", "", "/%41%2f[']", {}]),
    "one character spoils the rest": ("/%41%2f ", ["", "", "", "", "/A/%20", {}]),
    "escapes in the query": ("/?a%20b=c+d%2B", ["", "", "", "", "/", {"a b": ["c d+"]}]),
    "malformed parameters are left out": (
        "/?a=%zz&b;c=1&&d&=e&f=g=h&%=1",
        ["", "", "", "", "/", {"d": [""], "": ["e"], "f": ["g=h"]}],
    ),
    "two question marks": ("/??a", ["", "", "", "", "/", {"?a": [""]}]),
    "too many parameters": ("/?" + "a&" * 10_000, ["", "", "", "", "/", {}]),
}


@pytest.mark.parametrize(("text", "expected"), PARTS.values(), ids=PARTS.keys())
def test_parts(text: str, expected: list[object]) -> None:
    found = UNCHECKED.compile(ALL).run(text)
    assert isinstance(found, list)
    assert found[: len(expected)] == expected
    assert is_url(text)


NONE = {
    "nothing": ("", "neither a scheme nor a path from the root"),
    "a name": ("a", "neither a scheme nor a path from the root"),
    "a path from nowhere": ("a/b", "neither a scheme nor a path from the root"),
    "an empty scheme": ("://a", "neither a scheme nor a path from the root"),
    "a scheme of digits": ("1a://b", "neither a scheme nor a path from the root"),
    "a new line": ("/a\n", "a control character"),
    "a space in the host": ("x://a b", "a character that no host has"),
    "a # behind the host": ("http://a#b", "a character that no host has"),
    "an escaped letter in the host": ("x://%41", "a character that no host has"),
    "a port of letters": ("http://a:b", "its port is not a number"),
    "a port of other digits": ("http://a:\u0661", "its port is not a number"),
    "colons in a host of the web": ("http://a:1:2", "its port is not a number"),
    "an IPv6 address without brackets": ("http://::1/", "its port is not a number"),
    "an open bracket": ("http://[::1", "its host has no ]"),
    "a bracket within": ("http://a[::1]", "a [ that is not at the start"),
    "an IPv4 address in brackets": (
        "http://[1.2.3.4]",
        "brackets around what is not an IPv6 address",
    ),
    "a name in brackets": ("http://[a]", "brackets around what is not an IPv6 address"),
    "a bare zone": ("http://[::1%eth0]", "a % that two hexadecimal digits do not follow"),
    "an empty zone": ("http://[::1%25]", "an empty zone"),
    "a slash in a zone": ("http://[::1%25a%2Fb]", "an escape that no zone has"),
    "a space in the user": ("http://a b@c", "its user has a character that must be escaped"),
    "a bad escape in the user": ("http://%zz@c", "a % that two hexadecimal digits do not follow"),
    "a bad escape in the path": ("/%z", "a % that two hexadecimal digits do not follow"),
    "a lone surrogate": ("/\ud800", "a lone surrogate"),
}


@pytest.mark.parametrize(("text", "reason"), NONE.values(), ids=NONE.keys())
def test_is_no_url(text: str, reason: str) -> None:
    assert ENVIRONMENT.compile("isURL(x)").run(text) is False
    with pytest.raises(CelEvalError) as caught:
        ENVIRONMENT.compile("url(x)").run(text)
    assert str(caught.value).startswith(f"not a URL: {text!r}: it")
    assert reason in str(caught.value)


@pytest.mark.parametrize("text", ["/a?b#%zz", "//a b", "//a:b/c"])
def test_what_is_accepted_but_not_read(text: str) -> None:
    assert ENVIRONMENT.compile("isURL(x)").run(text) is True
    with pytest.raises(CelEvalError, match="not a URL"):
        ENVIRONMENT.compile("url(x)").run(text)


EQUAL = {
    "the same": ("http://a/b?c#d", "http://a/b?c#d", True),
    "the scheme in capitals": ("HTTP://a", "http://a", True),
    "the host in capitals": ("http://A", "http://a", False),
    "an empty query": ("/a", "/a?", False),
    "an empty fragment": ("/a", "/a#", True),
    "the fragment": ("/a#b", "/a#c", False),
    "an escaped letter in the path": ("/%41", "/A", False),
    "what must be escaped": ("/a b", "/a%20b", True),
    "escapes in the user": ("x://%61:%62@h", "x://a:b@h", True),
    "an empty password": ("x://a:@h", "x://a@h", False),
    "escapes in the host": ("x://%C3%A9", "x://é", True),
    "other bytes in the host": ("x://%ff", "x://%fe", False),
    "no host": ("x:///a", "x:/a", False),
    "the query as it is": ("/?a=%41", "/?a=A", False),
    "escapes in the fragment": ("/#a b", "/#a%20b", True),
}


@pytest.mark.parametrize(("first", "second", "same"), EQUAL.values(), ids=EQUAL.keys())
def test_equality(first: str, second: str, *, same: bool) -> None:
    source = "[url(x[0]) == url(x[1]), url(x[0]) != url(x[1]), [url(x[0])] == [url(x[1])]]"
    assert ENVIRONMENT.compile(source).run([first, second]) == [same, not same, same]


def test_a_url_is_no_text() -> None:
    assert ENVIRONMENT.compile("[dyn(url('/a')) == x, url('/a') in [x]]").run("/a") == [False] * 2


def test_type() -> None:
    program = ENVIRONMENT.compile("type(url('/a')) == kubernetes.URL")
    assert program.run(None) is True
    assert str(ENVIRONMENT.compile("url('/a')").result_type) == "kubernetes.URL"


ERRORS = {
    "no text": ("url(x)", 1, "no such overload: url(int)"),
    "null": ("isURL(x)", None, "no such overload: isURL(null_type)"),
    "a text for a URL": ("x.getHost()", "/a", "no such overload: getHost(string)"),
    "a URL for a text": ("url(url(x))", "/a", "no such overload: url(kubernetes.URL)"),
    "no text form": ("string(url(x))", "/a", "no such overload: string(kubernetes.URL)"),
    "no order": ("url(x) < url(x)", "/a", "no such overload: _<_(kubernetes.URL, kubernetes.URL)"),
    "no key": ("{url(x): 1}", "/a", "unsupported key type: kubernetes.URL"),
}


@pytest.mark.parametrize(("source", "x", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_errors(source: str, x: object, message: str) -> None:
    with pytest.raises(CelEvalError) as caught:
        UNCHECKED.compile(source).run(x)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "source", ["url(1)", "isURL(null)", "'/a'.getHost()", "url('/a') == '/a'", "string(url('/a'))"]
)
def test_refused_when_loaded(source: str) -> None:
    with pytest.raises(CelCheckError):
        ENVIRONMENT.compile(source)


HOSTILE = {
    "a long host": "http://" + "a" * 1_000_000,
    "a host that ends badly": "http://" + "a%c3" * 200_000 + "^",
    "an address of colons": "http://[" + ":" * 1_000_000 + "]",
    "a zone of escapes": "http://[::1%25" + "%41" * 200_000 + "]",
    "many users": "http://" + "u@" * 200_000 + "h",
    "a path that needs escapes": "/" + "é" * 200_000,
    "a query of parameters": "/?" + "a=b&" * 1_000_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile(text: str) -> None:
    start = time.process_time()
    if is_url(text):
        found = parse_url(text)
        assert isinstance(found, Url)
        assert found.parameters() == {}
        assert found.host_and_port()[1] == ""
    assert time.process_time() - start < 10
