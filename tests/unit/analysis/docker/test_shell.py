"""Shell lines as the programs that they run."""

from __future__ import annotations

import pytest

from auditor.analysis.docker.doing import doings, mode_opens
from auditor.analysis.docker.shell import command_of, commands_of


@pytest.mark.parametrize(
    ("line", "programs"),
    [
        ("a && b || c; d & e", ["a", "b", "c", "d", "e"]),
        ("a | b 2>&1 |& c", ["a", "b", "c"]),
        ("A=1 B='x y' /usr/bin/make -j4", ["make"]),
        ("sudo -E -u root apt-get update", ["apt-get"]),
        ("if [ -f x ]; then a; else b; fi", ["[", "a", "b"]),
        ("(cd x && a) # b; c\nd", ["cd", "a", "d"]),
        ('x "$(curl y)" `wget z`', ["curl", "wget", "x"]),
        ("bash -ec 'a; b'", ["bash", "a", "b"]),
        ("echo 'a; b' \"c && d\" e\\;f", ["echo"]),
        ("a \\\n -b; c", ["a", "c"]),
        ("a > b; c >&2; d &> e; f < g", ["a", "c", "d", "f"]),
        ("", []),
        ("'", [""]),
        ("sudo", ["sudo"]),
    ],
)
def test_programs(line: str, programs: list[str]) -> None:
    assert [each.program for each in commands_of(line)] == programs


def test_nesting_and_length_have_an_end() -> None:
    assert len(commands_of("$(" * 5000)) < 20
    assert len(commands_of(";a" * 50_000)) <= 20_001


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ("curl -s x | sh", ["runs-download"]),
        ("curl x | sudo -E bash -", ["runs-download", "uses-sudo"]),
        ("wget -qO- x | tar xz", []),
        ("curl x | tee y | bash -s -- -y", ["runs-download"]),
        ("curl x | python3", ["runs-download"]),
        ("curl x | python3 -m json.tool", []),
        ("curl x | sh script.sh", []),
        ("curl x | jq . | cat", []),
        ("curl x; sh", []),
        ("curl x || sh", []),
        ("bash <(curl x)", ["runs-download"]),
        ('sh -c "$(curl -fsSL x)"', ["runs-download"]),
        ("sh -c 'curl x | sh'", ["runs-download"]),
        ("eval $(wget -O- x)", ["runs-download"]),
        ("apt-get install -y --allow-unauthenticated x", ["skips-signatures", "installs-packages"]),
        ("apk add --allow-untrusted x", ["skips-signatures", "installs-packages"]),
        ("dnf install --nogpgcheck x", ["skips-signatures", "installs-packages"]),
        ("echo 'deb [arch=amd64 trusted=yes] http://r /' > x", ["skips-signatures"]),
        ("echo trusted=yes", []),
        ("curl -fsSLk x", ["skips-certificates"]),
        ("curl --insecure x", ["skips-certificates"]),
        ("curl -fsSL x -o k", []),
        ("wget --no-check-certificate x", ["skips-certificates"]),
        ("pip3 install --trusted-host h x", ["skips-certificates"]),
        ("git config --global http.sslVerify false", ["skips-certificates"]),
        ("npm config set strict-ssl false", ["skips-certificates"]),
        ("git clone x", []),
        ("chmod -R 777 /x", ["opens-to-all"]),
        ("chmod a+rwX /x", ["opens-to-all"]),
        ("chmod 1777 /tmp", []),
        ("chmod 755 /x; chmod g+w y", []),
        ("install -m 0666 a b", ["opens-to-all"]),
        ("chmod u+s /x", ["sets-setuid"]),
        ("chmod +s /x", ["sets-setuid"]),
        ("chmod 4755 /x", ["sets-setuid"]),
        ("chmod o+s /x", []),
        ("apt-get update", ["updates-index"]),
        ("apt update && apt install x", ["installs-packages", "updates-index"]),
        ("echo update", []),
    ],
)
def test_what_a_line_does(line: str, does: list[str]) -> None:
    found = [word for each in commands_of(line) for word in doings(each)]
    assert sorted(found) == sorted(does)


def test_a_list_is_read_by_no_shell() -> None:
    assert [each.program for each in command_of(["/bin/a", "b; c"])] == ["a"]
    (shell, *inner) = command_of(["sh", "-c", "curl x | sh"])
    assert shell.program == "sh"
    assert [doings(each) for each in inner] == [[], ["runs-download"]]


@pytest.mark.parametrize(
    ("mode", "opens"),
    [("777", True), ("0666", True), ("o=w", True), ("u+w,a+w", True), ("755", False), ("", False)],
)
def test_modes(mode: str, opens: bool) -> None:  # noqa: FBT001 - a column of the table
    assert mode_opens(mode) == opens
