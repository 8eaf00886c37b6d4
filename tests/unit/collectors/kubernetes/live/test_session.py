"""Kubeconfigs: lists of files, contexts; an error says what would be right."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError, UsageError
from collectors.kubernetes.live.address import Address, parse_address
from collectors.kubernetes.live.session import open_session
from tests.unit.collectors.kubernetes.live.kubeconfigs import changed, config, of_user, opened

CA = """-----BEGIN CERTIFICATE-----
AAAA
-----END CERTIFICATE-----
"""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("k8s://", Address("", in_cluster=False, namespaces=())),
        ("k8s://prod", Address("prod", in_cluster=False, namespaces=())),
        ("k8s://a/b:c@d", Address("a/b:c@d", in_cluster=False, namespaces=())),
        ("k8s://a%3Fb", Address("a?b", in_cluster=False, namespaces=())),
        ("k8s://?namespace=b,a", Address("", in_cluster=False, namespaces=("a", "b"))),
        ("k8s://p?namespace=a&namespace=b", Address("p", in_cluster=False, namespaces=("a", "b"))),
        ("k8s://a%2520b%23", Address("a%20b#", in_cluster=False, namespaces=())),
        ("k8s+incluster://", Address("", in_cluster=True, namespaces=())),
        ("k8s+incluster://eu-1", Address("eu-1", in_cluster=True, namespaces=())),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("k8s://p?namespace=A", "'A' is not a name of a namespace"),
        ("k8s://p?namespace=", "'' is not a name of a namespace"),
        ("k8s://p?namespace=a/../b", "'a/../b' is not a name"),
        ("k8s://p?namespaces=a", "namespaces is not an option of a cluster"),
        ("k8s+incluster://p?x=y", "x is not an option of a cluster"),
    ],
)
def test_addresses_that_are_none(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_address(text)


def test_the_current_context_is_that_of_the_first_file_that_has_one(tmp_path: Path) -> None:
    """As kubectl merges them; files of the list that are not there are passed over."""
    files = (
        config(tmp_path, "one", "a"),
        str(tmp_path / "missing"),
        config(tmp_path, "two", "b", current="b"),
        config(tmp_path, "three", "c", current="c"),
    )
    assert opened(os.pathsep.join(files), tmp_path) == ("b", "http://b.invalid")
    assert opened(os.pathsep.join(files), tmp_path, "c") == ("c", "http://c.invalid")
    assert opened(os.pathsep.join(files), tmp_path, "a") == ("a", "http://a.invalid")


def _empty(folder: Path) -> str:
    path = folder / "empty"
    path.write_text("")
    return str(path)


def _torn(folder: Path) -> str:
    path = folder / "torn"
    path.write_text("clusters: [")
    return str(path)


def _list(folder: Path) -> str:
    path = folder / "list"
    path.write_text("[1, 2]")
    return str(path)


def _no_cluster(folder: Path) -> str:
    path = Path(config(folder, "half", "a", current="a"))
    path.write_text(path.read_text().replace('"cluster": "a"', '"cluster": "other"'))
    return str(path)


def _text(folder: Path, text: bytes) -> str:
    path = folder / "text"
    path.write_bytes(text)
    return str(path)


def _at(folder: Path, server: object, **more: object) -> str:
    return changed(folder, "clusters", [{"name": "a", "cluster": {"server": server, **more}}])


NOBODY: Mapping[str, Any] = {}


def _name(folder: Path, name: object) -> str:
    return _at(folder, "https://h", **{"tls-server-name": name})


WRONG: Mapping[str, tuple[Callable[[Path], str], str, str]] = {
    "no file": (lambda folder: str(folder / "none"), "", "none: no such file"),
    "no current context": (lambda folder: config(folder, "x", "a"), "", "no current context"),
    "no such context": (lambda folder: config(folder, "x", "a", "b"), "c", "no context 'c'"),
    "an empty file": (_empty, "", "empty"),
    "no YAML": (_torn, "", "torn"),
    "a list": (_list, "", "list"),
    "a context without its cluster": (_no_cluster, "", "has no cluster 'other'"),
    "a switch that is a text": (
        lambda folder: _at(folder, "https://h", **{"insecure-skip-tls-verify": "false"}),
        "",
        "insecure-skip-tls-verify of the kubeconfig is not a true or false",
    ),
    "a name of a server that begins with a dot": (
        lambda folder: _name(folder, ".x"),
        "",
        "not a name",
    ),
    "a name of a server with a gap": (
        lambda folder: _name(folder, "x..y"),
        "",
        "not a name of a host",
    ),
    "a name that is long": (lambda folder: _name(folder, "x" * 64), "", "not a name of"),
    "a server with a gap": (lambda folder: _at(folder, "https://a..b"), "", "'https://a..b'"),
    "no file at all": (lambda _: os.pathsep, "", "KUBECONFIG names no file"),
    "a user of this machine who is none": (lambda _: "~nosuchuser/x", "", "no such file"),
    "a folder": (str, "", "Is a directory"),
    "no UTF-8": (lambda folder: _text(folder, b"\xff\xfe\x00"), "", "can't be read as YAML"),
    "deep": (lambda folder: _text(folder, b"[" * 5000), "", "can't be read as YAML"),
    "contexts that are a map": (
        lambda folder: _text(folder, b"contexts: {a: {}}"),
        "",
        "contexts is not a list",
    ),
    "a context without a name": (
        lambda folder: _text(folder, b"contexts: [{context: {cluster: a}}]"),
        "",
        "contexts[0] has no name",
    ),
    "no users": (lambda folder: changed(folder, "users"), "", "has no user 'u'"),
    "no such user": (
        lambda folder: changed(folder, "users", [{"name": "v", "user": {}}]),
        "",
        "has no user 'u'",
    ),
    "a server of another scheme": (lambda folder: _at(folder, "ftp://h"), "", "'ftp://h'"),
    "a port that is none": (lambda folder: _at(folder, "https://h:99999"), "", "'https://h:99999'"),
    "no server": (lambda folder: _at(folder, None), "", "server is not named"),
    "a server with a password": (
        lambda folder: _at(folder, "htp://bob:canary@h"),
        "",
        "server is 'htp://h'",
    ),
    "a proxy without a scheme": (
        lambda folder: _at(folder, "https://h", **{"proxy-url": "proxy:3128"}),
        "",
        "proxy-url of the kubeconfig is 'proxy:3128'",
    ),
    "a SOCKS proxy": (
        lambda folder: _at(folder, "https://h", **{"proxy-url": "socks5://bob:canary@proxy"}),
        "",
        "proxy-url of the kubeconfig is 'socks5://proxy'",
    ),
    "an old provider": (
        lambda folder: of_user(folder, **{"auth-provider": {"name": "azure"}}),
        "",
        "auth-provider 'azure' is none that we know",
    ),
    "a token with a line break in it": (
        lambda folder: of_user(folder, **{**NOBODY, "token": "canary\nx"}),
        "",
        "has a character that no header may have",
    ),
    "a token that is not ASCII": (
        lambda folder: of_user(folder, **{**NOBODY, "token": "canaryé"}),
        "",
        "has a character that no header may have",
    ),
    "a token that is a number": (lambda folder: of_user(folder, token=7), "", "is not text"),
    "a token's file that is not there": (
        lambda folder: of_user(folder, tokenFile="gone"),
        "",
        "gone: No such file",
    ),
    "a name to act as that no header may have": (
        lambda folder: of_user(folder, **{"token": "t", "as": "canary\r\nX-Evil: y"}),
        "",
        "as of the kubeconfig's user has a character",
    ),
    "a certificate that is not there": (
        lambda folder: _at(folder, "https://h", **{"certificate-authority": "gone.pem"}),
        "",
        "gone.pem: no such file",
    ),
    "a broken secret": (
        lambda folder: _text(folder, b"users:\n- user: {token: canary: x}\n"),
        "",
        "text:2:23: not valid YAML",
    ),
}


@pytest.mark.parametrize(("make", "context", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_kubeconfig(
    tmp_path: Path, make: Callable[[Path], str], context: str, says: str
) -> None:
    with pytest.raises(CollectionError) as told:
        opened(make(tmp_path), tmp_path, context)
    assert says in told.value.message
    assert told.value.hint
    assert "canary" not in f"{told.value.message} {told.value.hint}"


def test_contexts_are_listed(tmp_path: Path) -> None:
    with pytest.raises(CollectionError) as told:
        opened(config(tmp_path, "x", "prod", "dev"), tmp_path, "test")
    assert told.value.hint == "contexts: dev, prod"


def test_no_kubeconfig_is_written(tmp_path: Path) -> None:
    kubeconfig = Path(config(tmp_path, "x", "a", current="a"))
    kubeconfig.chmod(stat.S_IRUSR)
    before = (kubeconfig.read_bytes(), kubeconfig.stat().st_mtime_ns)
    opened(str(kubeconfig), tmp_path)
    assert (kubeconfig.read_bytes(), kubeconfig.stat().st_mtime_ns) == before


ODD_NAMES = ("prod", "a?b", "50%", "a%20b", "a b", "#1", "arn:aws:eks:eu:1:cluster/x", "u@c", "ü")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_printed_target_can_be_typed(tmp_path: Path, name: str) -> None:
    kubeconfig = config(tmp_path, "x", current=name)
    value = json.loads(Path(kubeconfig).read_text())
    value["contexts"] = [{"name": name, "context": {"cluster": "c"}}]
    value["clusters"] = [{"name": "c", "cluster": {"server": "http://c"}}]
    Path(kubeconfig).write_text(json.dumps(value))
    found = open_session(parse_address("k8s://"), kubeconfig, tmp_path)
    uri = parse_address("k8s://?namespace=ml").uri(found.context)
    again = parse_address(uri)
    assert (again.context, again.namespaces) == (name, ("ml",))
    assert open_session(again, kubeconfig, tmp_path).context == name
    if "?" not in name:
        assert open_session(parse_address(f"k8s://{name}"), kubeconfig, tmp_path).context == name


def headers(tmp_path: Path, **user: Any) -> list[tuple[str, str]]:
    kubeconfig = config(tmp_path, "x", "a", current="a", **user)
    return list(
        open_session(parse_address("k8s://"), kubeconfig, tmp_path).credentials().headers.items()
    )


def test_white_space_around_a_token_is_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-file\n")
    assert headers(tmp_path, **{**NOBODY, "token": " plain\r\n"}) == [
        ("authorization", "Bearer plain")
    ]
    assert headers(tmp_path, tokenFile="token") == [("authorization", "Bearer of-the-file")]


def test_who_limits_themselves_is_limited(tmp_path: Path) -> None:
    user = {
        "token": "t",
        "as": "jane",
        "as-uid": "7",
        "as-groups": ["viewers", "ml"],
        "as-user-extra": {"example.org/scopes": ["view", "list"]},
    }
    assert headers(tmp_path, **user) == [
        ("authorization", "Bearer t"),
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "viewers"),
        ("Impersonate-Group", "ml"),
        ("Impersonate-Extra-example.org%2Fscopes", "view"),
        ("Impersonate-Extra-example.org%2Fscopes", "list"),
    ]


def test_an_empty_user_is_nobody(tmp_path: Path) -> None:
    users: tuple[dict[str, Any] | None, ...] = (None, {})
    for user in users:
        kubeconfig = changed(tmp_path, "users", [{"name": "u", "user": user}])
        assert not open_session(parse_address("k8s://"), kubeconfig, tmp_path).credentials().headers


def test_a_user_in_an_address_is_basic_authentication_and_never_shown(tmp_path: Path) -> None:
    kubeconfig = _at(tmp_path, "http://bob:canary@c.invalid:80/base/")
    session = open_session(parse_address("k8s://"), kubeconfig, tmp_path)
    assert session.server == "http://c.invalid:80/base"
    assert session.credentials().headers == {"authorization": "Bearer t"}
    assert "canary" in session.secrets()


def test_credentials_of_a_proxy_are_sent_to_it(tmp_path: Path) -> None:
    kubeconfig = _at(tmp_path, "http://c.invalid", **{"proxy-url": "http://bob:p%40w@proxy:3128"})
    session = open_session(parse_address("k8s://"), kubeconfig, tmp_path)
    assert session.pools.proxy.url == "http://proxy:3128"
    assert session.pools.proxy_headers == {"proxy-authorization": "Basic Ym9iOnBAdw=="}
    assert "p@w" in session.secrets()
