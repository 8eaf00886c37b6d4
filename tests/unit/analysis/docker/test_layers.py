"""Lines of histories, as the classic builder and BuildKit of real engines wrote them."""

from __future__ import annotations

import pytest

from auditor.analysis.docker.layers import Step, pairs_of, ports_of, run_commands, step_of

NOP = "/bin/sh -c #(nop) "
STEPS = {
    f"{NOP} ENV A=two words B=1": Step("ENV", "A=two words B=1", hashed=True),
    f"{NOP}ADD file:8a4e in /x ": Step("ADD", "file:8a4e in /x", hashed=True),
    "/bin/bash -o pipefail -c #(nop)  USER 1000": Step("USER", "1000", hashed=True),
    "cmd /S /C #(nop)  USER 1000": Step("USER", "1000", hashed=True),
    "/bin/sh -c echo hello && true": Step("RUN", "/bin/sh -c echo hello && true", hashed=True),
    "|2 A=a=b B=c d /bin/sh -c x": Step(
        *("RUN", "/bin/sh -c x", ({"name": "A", "value": "a=b"}, {"name": "B", "value": "c d"})),
        hashed=True,
    ),
    "|1 A= id -u": Step("RUN", "id -u", ({"name": "A", "value": ""},), hashed=True),
    "RUN |1 V=1.2 /bin/sh -c a;     b # buildkit": Step(
        "RUN", "/bin/sh -c a;     b", ({"name": "V", "value": "1.2"},)
    ),
    "RUN id -u # buildkit": Step("RUN", "id -u"),
    "ENV A=two words B=1": Step("ENV", "A=two words B=1"),
    "COPY --chmod=777 f /h # buildkit": Step("COPY", "--chmod=777 f /h"),
    "ARG HF_TOKEN": Step("ARG", "HF_TOKEN"),
    'CMD ["sh" "-c" "x"]': Step("CMD", '["sh" "-c" "x"]'),
    "chmod 777 #(nop) LABEL a=b": Step("RUN", "chmod 777 #(nop) LABEL a=b", hashed=True),
    "sleep 100000": Step("RUN", "sleep 100000", hashed=True),
    "RUNNER x": Step("RUN", "RUNNER x", hashed=True),
}


@pytest.mark.parametrize(("line", "step"), STEPS.items(), ids=range(len(STEPS)))
def test_a_line_is_an_instruction(line: str, step: Step) -> None:
    assert step_of(line) == step


@pytest.mark.parametrize("line", ["", " \n"])
def test_a_line_that_says_nothing(line: str) -> None:
    assert step_of(line) is None


def test_values_have_no_quotes() -> None:
    assert pairs_of(["A=two", "words", "B=1", "C"]) == [
        {"name": "A", "value": "two words"},
        {"name": "B", "value": "1 C"},
    ]
    assert pairs_of(["HF_TOKEN", "", "B=1"]) == [{"name": "HF_TOKEN"}, {"name": "B", "value": "1"}]


COMMANDS: dict[str, list[str]] = {
    "/bin/sh -c apt-get update && apt-get install -y x": ["apt-get", "apt-get"],
    "/bin/bash -o pipefail -ec curl x | sh": ["curl", "sh"],
    "id -u": ["id"],
    "/bin/sh -c cat <<EOF > /f\ncurl x | sh\nEOF\nls\n": ["cat", "ls"],
    "/bin/sh -c bash <<'EOF'\ncurl x | sh\n\tEOF\n": ["bash", "curl", "sh"],
    "/bin/sh -c set -e\ncurl x | sh\n": ["set", "curl", "sh"],
}


@pytest.mark.parametrize(("text", "programs"), COMMANDS.items(), ids=range(len(COMMANDS)))
def test_what_a_step_runs(text: str, programs: list[str]) -> None:
    found = run_commands(text)
    assert found is not None
    assert [each.program for each in found] == programs


def test_a_script_that_is_not_in_the_history() -> None:
    assert run_commands("/dev/pipes/EOF") is None


@pytest.mark.parametrize(
    ("rest", "ports"),
    [
        ("map[22/tcp:{} 80/tcp:{}]", ["22/tcp", "80/tcp"]),
        ("[22/tcp 8000-8010/udp]", ["22/tcp", "8000-8010/udp"]),
        ("22/tcp 80", ["22/tcp", "80"]),
    ],
)
def test_ports_in_three_forms(rest: str, ports: list[str]) -> None:
    assert ports_of(rest) == ports
