"""Compose files from the command line: told by file and line, kept, judged again, never fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.command import auditor
from tests.unit.collectors.docker.compose.worlds import write

PROFILE = ("--profile", "cis-docker")
CANARY = "canary-hunter2-canary"
FILES = {
    "s/compose.yaml": "services:\n  a:\n    image: x\n    environment:\n"
    f"      DB_PASSWORD: {CANARY}\n  b:\n    image: x\n    privileged: $PRIVILEGED\n"
    "  c:\n    image: x\n    privileged: ${ON:-false}\n",
    "s/compose.override.yaml": "services:\n  a:\n    tty: true\n    privileged: true\n",
    "s/docker-compose.ci.yml": "services:\n  c:\n    privileged: true\n  a: {user: root}\n",
    "k/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n",
}


def told(results: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Who is found what of, and where."""
    return {
        (
            each["resource"]["name"],
            each["verdict"],
            f"{each['resource']['file']}:{each['resource'].get('line')}",
        )
        for each in results["findings"]
        if each["rule"] == "docker-container-privileged"
    }


WANTED = {
    ("a", "fail", "s/compose.override.yaml:4"),
    ("b", "unknown", "s/compose.yaml:8"),
    ("c", "fail", "s/docker-compose.ci.yml:3"),
}


def test_scanned(tmp_path: Path) -> None:
    """Each finding is at the line of the file that says it."""
    ran = auditor("scan", write(tmp_path, FILES), *PROFILE, "--format", "json")
    assert ran.code == 1, ran.err
    results = ran.results()
    assert told(results) == WANTED
    found = next(each for each in results["findings"] if each["resource"]["name"] == "a")
    assert found["observed"] == [
        {"path": "/privileged", "value": True, "file": "s/compose.override.yaml", "line": 4}
    ]
    assert results["gaps"] == []
    assert CANARY not in ran.out


def test_shown(tmp_path: Path) -> None:
    """A person sees the file, the line and the field as it is written there."""
    ran = auditor("scan", write(tmp_path, FILES), *PROFILE)
    assert "ComposeService a  s/compose.override.yaml:4\n" in ran.out
    assert "/privileged = true" in ran.out


def test_a_plain_service(tmp_path: Path) -> None:
    """What only its image decides is open, with what would tell; the engine's default is not."""
    target = write(tmp_path, {"compose.yaml": "services:\n  web:\n    image: r.io/web:1\n"})
    screen = auditor("scan", target).out
    assert "UNKNOWN (medium)  its image says who it runs as: write user" in screen
    assert "no such key" not in screen
    ran = auditor("scan", target, *PROFILE, "--format", "json").results()
    open_rules = {
        each["rule"]: each["message"]
        for each in ran["findings"]
        if each["verdict"] == "unknown" and each["resource"]["name"] == "web"
    }
    assert "docker-container-log-none" not in open_rules
    assert open_rules["docker-container-healthcheck-missing"].startswith(
        "not decided: its image says whether it has one: write healthcheck"
    )


def test_a_service_that_is_built(tmp_path: Path) -> None:
    """Its Dockerfile decides who runs in it, and the finding is at that line too."""
    files = {
        "s/compose.yaml": "services:\n  web: {build: {context: ./web, target: run}}\n"
        "  open: {build: ./web}\n",
        "s/web/Dockerfile": "FROM r.io/a:1 AS run\nRUN x\nUSER root\nFROM r.io/b:1\n",
    }
    ran = auditor("scan", write(tmp_path, files), "--format", "json").results()
    found = {
        each["resource"]["name"]: each
        for each in ran["findings"]
        if each["rule"] == "docker-container-root-user"
    }
    web, unknown = found["web"], found["open"]
    assert (web["verdict"], web["message"]) == ("fail", "web runs as root")
    assert [each["file"] for each in web["related"]] == ["s/web/Dockerfile"]
    assert [(each["value"], each["of"], each["line"]) for each in web["observed"]] == [
        ("root", 0, 3)
    ]
    assert unknown["verdict"] == "unknown"
    assert "its base image r.io/b:1 is not read" in unknown["message"]


def test_what_is_started_with_a_service(tmp_path: Path) -> None:
    """Jobs, containers before it and commands in it; of the last only what is written."""
    text = (
        "services:\n  web:\n    image: x\n    pre_start:\n"
        "      - command: a\n      - {image: y, volumes: ['/var/run/docker.sock:/s']}\n"
        "    post_start: [{command: b, user: root}, {command: c, privileged: true}]\n"
        "jobs:\n  night: {image: z, privileged: true, triggers: {manual: true}}\n"
    )
    ran = auditor("scan", write(tmp_path, {"compose.yaml": text}), "--format", "json").results()
    hooks = {
        (each["resource"]["name"], each["rule"], each["verdict"])
        for each in ran["findings"]
        if " " in each["resource"]["name"] and "covered_by" not in each
    }
    assert hooks >= {
        ("web pre_start 2", "docker-container-socket-mounted", "fail"),
        ("web post_start 2", "docker-container-privileged", "fail"),
    }
    assert {name for name, _, _ in hooks} == {"web pre_start 2", "web post_start 2"}
    assert ("night", "fail", "compose.yaml:9") in told(ran)


def test_what_others_define(tmp_path: Path) -> None:
    """Folders behind names, files of secrets, mounts and namespaces of other services."""
    text = (
        "services:\n  a:\n    image: x\n    pid: host\n    volumes: ['vol:/v']\n"
        "    secrets: [s]\n  b: {image: x, pid: 'service:a', volumes_from: ['a:ro']}\n"
        "volumes:\n  vol: {driver_opts: {type: none, o: bind, device: /var/lib/docker}}\n"
        "secrets:\n  s:\n    file: /etc/shadow\n"
    )
    ran = auditor("scan", write(tmp_path, {"compose.yaml": text}), "--format", "json").results()
    wanted = {"docker-container-host-path-sensitive", "docker-container-host-process-namespace"}
    found = {
        (each["resource"]["line"], each["message"])
        for each in ran["findings"]
        if each["rule"] in wanted
    }
    assert found == {
        (9, "a mounts /var/lib/docker of the host at /v"),
        (12, "a mounts /etc/shadow of the host at /run/secrets/s, only read"),
        (9, "b mounts /var/lib/docker of the host at /v, only read"),
        (12, "b mounts /etc/shadow of the host at /run/secrets/s, only read"),
        (4, "a is in the process namespace of the host"),
        (4, "b is in the process namespace of the host"),
    }


def test_judged_again(tmp_path: Path) -> None:
    """What was kept of a project is judged to the same bytes later, and holds no secret."""
    target, bundle = write(tmp_path / "t", FILES), tmp_path / "bundle"
    ran = auditor("scan", target, *PROFILE, "--output", bundle)
    assert ran.code == 1, ran.err
    write(target, {"s/compose.yaml": "services: {}\n"})
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err
    for path in bundle.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()


def test_remembered_results_follow_every_file(tmp_path: Path) -> None:
    """A result that was remembered is not used when only the override changed."""
    target = write(tmp_path, FILES)
    assert told(auditor("scan", target, *PROFILE, "--format", "json").results()) == WANTED
    write(tmp_path, {"s/compose.override.yaml": "services: {a: {tty: true}}\n"})
    ran = auditor("scan", target, *PROFILE, "--format", "json")
    assert told(ran.results()) == {each for each in WANTED if each[0] != "a"}


def test_the_environment_of_the_caller_is_not_used(tmp_path: Path) -> None:
    """Who starts the program does not decide what is found."""
    caller = {"PRIVILEGED": "true", "ON": "true"}
    target = write(tmp_path, FILES)
    ran = auditor("scan", target, *PROFILE, "--format", "json", env=caller)
    assert told(ran.results()) == WANTED


def test_from_standard_input() -> None:
    """A file may be piped in; what it names stands beside nothing."""
    text = "services:\n  a: {image: x, privileged: true, env_file: a.env}\n"
    ran = auditor("scan", "-", *PROFILE, "--format", "json", stdin=text.encode())
    assert ran.code == 1, ran.err
    assert told(ran.results()) == {("a", "fail", "-:2")}
    assert [each["detail"] for each in ran.results()["gaps"]] == [
        "the file of variables a.env is not there"
    ]


def test_beside_kubernetes_without_a_profile(tmp_path: Path) -> None:
    """The default profile judges either platform, and tells nothing of one that is not there."""
    write(tmp_path, FILES)
    both = auditor("scan", "s", "k", "--format", "json", cwd=tmp_path).results()
    assert told(both) == {
        (name, verdict, place.removeprefix("s/")) for name, verdict, place in WANTED
    }
    states = {
        f"{each['framework']}:{each['id']}": [each["state"], *(t["state"] for t in each["targets"])]
        for each in both["controls"]
    }
    assert states["cis-docker:5.5"] == ["not-satisfied", "not-satisfied", "not-assessed"]
    assert states["cis-kubernetes:5.2.2"] == ["undetermined", "not-assessed", "undetermined"]
    for target, here, elsewhere in (
        ("s", "cis-docker", "cis-kubernetes"),
        ("k", "cis-kubernetes", "cis-docker"),
    ):
        alone = auditor("scan", target, "--format", "json", cwd=tmp_path).results()
        frameworks = {each["id"] for each in alone["frameworks"]}
        assert frameworks == {each["framework"] for each in alone["controls"]}
        assert here in frameworks
        assert elsewhere not in frameworks


INLINE = f"""services:
  web:
    build:
      dockerfile_inline: |
        FROM python:latest
        ENV API_TOKEN={CANARY}
        RUN curl https://x.example/a | sh
        USER 1000
  odd:
    build: {{dockerfile_inline: "FRUM x"}}
  app:
    build: {{dockerfile_inline: "FROM scratch\\nARG WHO\\nUSER $${{WHO}}\\n"}}
"""


def test_a_dockerfile_within(tmp_path: Path) -> None:
    """It is judged as any other one, at the line of its field, and tells who the service is."""
    folder, bundle = write(tmp_path, {"s/compose.yaml": INLINE}), tmp_path / "bundle"
    ran = auditor("scan", folder, "--format", "json", "--all", "--output", bundle)
    results = ran.results()
    of_file = {
        (each["rule"], each["resource"]["name"], each["resource"]["line"])
        for each in results["findings"]
        if each["resource"]["kind"] == "docker/Dockerfile" and each["verdict"] == "fail"
    }
    assert of_file == {
        ("docker-build-base-tag-mutable", "web", 4),
        ("docker-build-download-run", "web", 4),
        ("docker-build-secret-in-environment", "web", 4),
    }
    users = {
        each["resource"]["name"]: each["verdict"]
        for each in results["findings"]
        if each["rule"] == "docker-container-root-user"
    }
    assert users == {"web": "pass", "odd": "unknown", "app": "unknown"}
    [gap] = results["gaps"]
    assert (gap["scope"], gap["line"]) == ("s/compose.yaml", 10)
    assert gap["detail"].startswith("dockerfile_inline of odd, line 1: ")
    assert CANARY not in ran.out
    assert auditor("replay", bundle).code == 0


def test_mounts_of_a_container_that_no_file_starts(tmp_path: Path) -> None:
    """What it mounts nobody can say: the run is not complete, and says where that stands."""
    text = "services:\n  web:\n    image: x\n    volumes_from: ['container:old']\n"
    ran = auditor("scan", write(tmp_path, {"s/compose.yaml": text}), "--format", "json")
    [gap] = ran.results()["gaps"]
    assert (gap["scope"], gap["cause"]) == ("docker/ComposeService", "unsupported")
    assert gap["detail"].startswith("s/compose.yaml:2: web: volumes_from container:old: ")
