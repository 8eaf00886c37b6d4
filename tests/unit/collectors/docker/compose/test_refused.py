"""Projects that can't be resolved, or not as a whole: said of them alone, and bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.enums import GapCause
from tests.unit.collectors.docker.compose.worlds import resolved, scan, write

ONE = "services:\n  a:\n    image: x\n"


def gap(folder: Path, files: dict[str, str | bytes]) -> tuple[str, int, GapCause, list[str]]:
    """The one gap of a folder: what it says, its line and cause; and the services that are left."""
    found = scan(write(folder, files))
    assert len(found.gaps) == 1, found.gaps
    only = found.gaps[0]
    assert only.scope == "compose.yaml"
    return only.detail, only.line, only.cause, [each.name for each in found.resources]


@pytest.mark.parametrize(
    ("files", "detail", "line"),
    [
        (
            {"compose.yaml": "services:\n  a: {image: x, extends: b}\n  b: {extends: a}\n"},
            "a service extends itself: a, which extends b, which extends a",
            2,
        ),
        (
            {"compose.yaml": ONE + "    extends: nobody\n"},
            "extends nobody, which is not a service of compose.yaml",
            4,
        ),
        ({"compose.yaml": "services: [a]\n"}, "services has to be a mapping", 1),
        ({"compose.yaml": ONE + "  b:\n"}, "service b has to be a mapping", 4),
        ({"compose.yaml": ONE + "    image: y\n"}, "image is there twice", 4),
        ({"compose.yaml": ONE + "    user: ${\n"}, "not a valid variable: ${", 4),
        ({"compose.yaml": ONE + "    privileged: perhaps\n"}, "privileged: not a valid value", 4),
        ({"compose.yaml": ONE + "    ports: ['1:x']\n"}, "x is not a port", 4),
        ({"compose.yaml": ONE + "    volumes: ['aa:bb:cc:dd']\n"}, "not a volume: aa:bb:cc:dd", 4),
        ({"compose.yaml": ONE + "    devices: ['a:b:c:d']\n"}, "not a device: a:b:c:d", 4),
        ({"compose.yaml": ONE + "    env_file: [1]\n"}, "has to be the path of a file", 4),
        ({"compose.yaml": ONE + '    env_file: "a\\0b"\n'}, "has a NUL in its path", 4),
        ({"compose.yaml": ONE + "    user: &a [*a]\n"}, "contains itself", 4),
        ({"compose.yaml": ONE + "\t"}, "not valid YAML", 4),
        ({"compose.yaml": "include: x\n" + ONE}, "include has to be a list", 1),
        ({"compose.yaml": b"services:\n  a: {image: \xff}\n"}, "not UTF-8", 2),
    ],
)
def test_refused(tmp_path: Path, files: dict[str, str | bytes], detail: str, line: int) -> None:
    """What Compose refuses is a gap at its line, and nothing is said of the project."""
    said, at, cause, left = gap(tmp_path, files)
    assert detail in said
    assert (at, cause, left) == (line, GapCause.MALFORMED, [])


def test_include_in_a_circle(tmp_path: Path) -> None:
    """Files that include one another are one project, which says so."""
    files: dict[str, str | bytes] = {
        "compose.yaml": "include: [b/compose.yaml]\n" + ONE,
        "b/compose.yaml": "include: [../compose.yaml]\n" + ONE,
    }
    found = scan(write(tmp_path, files))
    circle = "b/compose.yaml, which includes compose.yaml, which includes b/compose.yaml"
    said = [each.detail for each in found.gaps]
    assert said == [f"compose.yaml:1: a file includes itself: {circle}"]


def test_include_of_itself(tmp_path: Path) -> None:
    """The shortest circle there is."""
    detail, line, _, _ = gap(tmp_path, {"compose.yaml": "include: [./compose.yaml]\n" + ONE})
    assert detail == "a file includes itself: compose.yaml, which includes compose.yaml"
    assert line == 1


@pytest.mark.parametrize(
    ("named", "detail", "cause"),
    [
        ("../out.yaml", "is outside of what is audited", GapCause.UNSUPPORTED),
        ("/etc/passwd", "is outside of what is audited", GapCause.UNSUPPORTED),
        ("~/x.yaml", "is outside of what is audited", GapCause.UNSUPPORTED),
        ("link.yaml", "is outside of what is audited", GapCause.UNSUPPORTED),
        ("none.yaml", "is not there", GapCause.UNREACHABLE),
        (
            "https://u:pw@h.test/x.yaml",
            "//h.test/x.yaml is on another machine",
            GapCause.UNSUPPORTED,
        ),
        ("git@h.test:x.git", "is on another machine", GapCause.UNSUPPORTED),
        ("oci://h.test/x", "is on another machine", GapCause.UNSUPPORTED),
        ("$WHERE/x.yaml", "depends on a variable that no file gives", GapCause.UNSUPPORTED),
    ],
)
def test_not_read(tmp_path: Path, named: str, detail: str, cause: GapCause) -> None:
    """A file outside, elsewhere or nowhere is not read; what depends on none is resolved."""
    (tmp_path / "out.yaml").write_text(ONE)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "out.yaml")
    included = write(folder, {"compose.yaml": f"include:\n  - '{named}'\n{ONE}"})
    found = [each for each in scan(included).gaps if each.scope == "compose.yaml"]
    assert [(each.cause, each.line) for each in found] == [(cause, 2)]
    assert detail in found[0].detail
    assert "pw" not in found[0].detail
    for text in (
        f"{ONE}    env_file: '{named}'\n",
        f"{ONE}    extends: {{file: '{named}', service: a}}\n",
    ):
        read = scan(write(folder, {"compose.yaml": text}))
        gaps = [each for each in read.gaps if each.scope == "compose.yaml"]
        assert [(each.cause, each.line) for each in gaps] == [(cause, 4)]
        service, _ = read.named("a")
        assert service.partial == ("extends" in text)


def test_file_that_may_be_missing(tmp_path: Path) -> None:
    """A file of variables that is not required may be missing."""
    text = ONE + "    env_file: [{path: none.env, required: false}]\n"
    assert scan(write(tmp_path, {"compose.yaml": text})).gaps == []


def test_variable_that_compose_asks_for(tmp_path: Path) -> None:
    """Compose does not start without it: said once, and what it would be is not known."""
    text = ONE + "    environment: {A: '${PW:?set it}', B: '${PW:?set it}'}\n"
    detail, _, cause, left = gap(tmp_path, {"compose.yaml": text})
    assert detail == "Compose does not start this without the variable PW: set it"
    assert (cause, left) == (GapCause.MALFORMED, ["a"])


def test_bombs(tmp_path: Path) -> None:
    """Aliases, variables, services and files that repeat one another come to an end."""
    variables = "A=xxxxxxxxxxxxxxxx\n" + "".join(
        f"{chr(66 + number)}=${chr(65 + number)}${chr(65 + number)}\n" for number in range(24)
    )
    aliases = "x-a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n" + "".join(
        f"x-{chr(98 + number)}: &{chr(98 + number)} [{', '.join([f'*{chr(97 + number)}'] * 10)}]\n"
        for number in range(8)
    )
    many = ", ".join(f"C{number}" for number in range(400))
    first = f"  a0: {{image: x, cap_add: [{many}]}}\n"
    chain = [f"  a{number}: {{extends: a{number - 1}}}\n" for number in range(1, 400)]
    copied = f"services:\n{first}{''.join(chain)}"
    extending = f"services:\n{''.join(reversed(chain))}{first}"
    files: dict[str, str] = {
        f"f{n}.yaml": f"include: [f{n + 1}.yaml, {{path: f{n + 1}.yaml, env_file: e}}]\n"
        for n in range(30)
    }
    for made, detail in (
        ({".env": variables, "compose.yaml": ONE}, "characters"),
        ({"compose.yaml": aliases + ONE}, "comes to more than"),
        ({"compose.yaml": copied}, "100,000 values"),
        ({"compose.yaml": extending}, "32 services extend"),
        ({**files, "compose.yaml": "include: [f0.yaml]\n" + ONE}, "500 files"),
    ):
        folder = tmp_path / detail.replace(" ", "-")
        folder.mkdir()
        project = resolved(folder, made)
        assert project.services == {}
        assert detail in project.problems[-1].detail


def test_others_are_read(tmp_path: Path) -> None:
    """A project that can't be resolved takes nothing from the one beside it."""
    write(tmp_path, {"bad/compose.yaml": "services: [\n", "good/compose.yaml": ONE})
    found = scan(tmp_path)
    assert [each.scope for each in found.gaps] == ["bad/compose.yaml"]
    assert [each.name for each in found.resources] == ["a"]
