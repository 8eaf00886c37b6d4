"""Arguments of an engine, as pflag of dockerd reads them."""

from __future__ import annotations

import pytest

from auditor.analysis.docker.arguments import options_of

LINES = {
    "none": ("dockerd", {}),
    "with an equals sign": ("dockerd --log-level=debug", {"log-level": "debug"}),
    "as two words": ("dockerd --log-level debug", {"log-level": "debug"}),
    "short": ("dockerd -l debug", {"log-level": "debug"}),
    "short, in one word": ("dockerd -ldebug", {"log-level": "debug"}),
    "short, with an equals sign": ("dockerd -l=debug", {"log-level": "debug"}),
    "a bool alone": ("dockerd --iptables --debug", {"iptables": True, "debug": True}),
    "a bool that is off": ("dockerd --iptables=false", {"iptables": False}),
    "a bool of Go": ("dockerd --iptables=F --ip6tables=1", {"iptables": False, "ip6tables": True}),
    "short and a bool": ("dockerd -D", {"debug": True}),
    "letters in one word": ("dockerd -Dl info", {"debug": True, "log-level": "info"}),
    "letters and a value": ("dockerd -Dlinfo", {"debug": True, "log-level": "info"}),
    "letters before an equals sign": ("dockerd -Dl=info", {"debug": True, "log-level": "info"}),
    "a letter that is off": ("dockerd -D=false", {"debug": False}),
    "an address behind a letter": (
        "dockerd -DHtcp://0.0.0.0:2375 -rDH fd://",
        {"debug": True, "restart": True, "hosts": ["tcp://0.0.0.0:2375", "fd://"]},
    ),
    "no value behind an equals sign": ("dockerd --group=", {"group": ""}),
    "a list": (
        "dockerd -H fd:// --host=tcp://0.0.0.0:2376 -Hunix:///a",
        {"hosts": ["fd://", "tcp://0.0.0.0:2376", "unix:///a"]},
    ),
    "by an older name": ("dockerd -g /data", {"data-root": "/data"}),
    "by another name in the file": (
        "dockerd --default-ulimit nofile=64:64",
        {"default-ulimits": ["nofile=64:64"]},
    ),
    "a bool before a value": (
        "dockerd --debug --log-level info",
        {"debug": True, "log-level": "info"},
    ),
    "an equals sign in the value": ("dockerd --label a=b=c", {"label": "a=b=c"}),
    "the last of two": ("dockerd --log-level info --log-level debug", {"log-level": "debug"}),
    "a word for nobody": ("dockerd word --debug", {"debug": True}),
}


@pytest.mark.parametrize(("line", "found"), LINES.values(), ids=LINES)
def test_options(line: str, found: dict[str, object]) -> None:
    assert options_of(line.split(" ")) == found


@pytest.mark.parametrize("words", [(), ("",), ("dockerd", ""), ("dockerd", "-"), ("dockerd", "--")])
def test_odd_arguments(words: tuple[str, ...]) -> None:
    assert set(options_of(words)) <= {""}
