"""What the files of a project come to, and where each field of it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.docker.compose.reads import MOST_BYTES
from tests.unit.collectors.docker.compose.worlds import resolved, scan, service, write

IMAGE = "services:\n  a:\n    image: x\n"


def over(base: str, override: str) -> dict[str, str]:
    """A project of two files, each with what it says of one service."""
    files = {"compose.yaml": base, "compose.override.yaml": override}
    return {path: f"services:\n  a: {{{'image: x, ' * (path == 'compose.yaml')}{text}}}\n"
            for path, text in files.items()}  # fmt: skip


def test_lists_grow(tmp_path: Path) -> None:
    """An override can't take from a list: both ports are published, and both devices given."""
    found = service(tmp_path, over("ports: ['8080:80']", "ports: ['127.0.0.1:8080:80']"))
    assert [(each.get("host_ip"), each["published"]) for each in found["ports"]] == [
        (None, "8080"),
        ("127.0.0.1", "8080"),
    ]
    found = service(tmp_path, over("gpus: all", "gpus: [{device_ids: ['0']}]"))
    assert found["gpus"] == [{"count": -1}, {"device_ids": ["0"]}]
    assert service(tmp_path, over("cap_add: [ALL]", "cap_add: []"))["cap_add"] == ["ALL"]


def test_only_tags_take_away(tmp_path: Path) -> None:
    """``!reset`` removes a field whatever stands after it, ``!override`` puts another in."""
    assert "cap_add" not in service(tmp_path, over("cap_add: [ALL]", "cap_add: !reset [X]"))
    assert service(tmp_path, over("cap_add: [ALL]", "cap_add: !override [X]"))["cap_add"] == ["X"]
    assert "privileged" not in service(
        tmp_path, over("privileged: true", "privileged: !reset null")
    )


def test_a_provider_makes_no_container(tmp_path: Path) -> None:
    """Of a service that a program provides only what is written counts."""
    text = "services: {a: {provider: {type: model}}, b: {image: x}, c: {privileged: true}}\n"
    project = resolved(tmp_path, {"compose.yaml": text})
    assert (set(project.services), project.partial) == ({"a", "b", "c"}, {"a", "c"})


def test_null_keeps_and_empty_removes(tmp_path: Path) -> None:
    """A user that is null keeps that of the base; an empty one is that of the image."""
    assert service(tmp_path, over("user: app", "user: null"))["user"] == "app"
    assert service(tmp_path, over("user: app", "user: ''"))["user"] == ""


def test_counts_of_devices(tmp_path: Path) -> None:
    """A request without a number is for all; none, and no names at all, are not."""
    requests = "[{driver: nvidia}, {count: 0}, {device_ids: []}, {count: '2'}]"
    found = service(tmp_path, {"compose.yaml": IMAGE + f"    gpus: {requests}\n"})
    assert [each.get("count") for each in found["gpus"]] == [-1, 0, None, 2]
    reserved = f"{{resources: {{reservations: {{devices: {requests}}}}}}}"
    found = service(tmp_path, {"compose.yaml": IMAGE + f"    deploy: {reserved}\n"})
    devices = found["deploy"]["resources"]["reservations"]["devices"]
    assert [each.get("count") for each in devices] == [-1, 0, None, 2]


def test_device_with_a_colon(tmp_path: Path) -> None:
    """The name of a CDI device is cut at its colon, as any other is."""
    found = service(tmp_path, {"compose.yaml": IMAGE + "    devices: ['nvidia.com/gpu=0:1']\n"})
    assert found["devices"] == [{"source": "nvidia.com/gpu=0", "target": "1", "permissions": "rwm"}]


def test_variables_of_files(tmp_path: Path) -> None:
    """Of a file of variables; what is null in the service hides it, and is the caller's."""
    files = {
        "compose.yaml": IMAGE + "    env_file: v.env\n    environment: {B: , C: own, T: $TAG}\n",
        "v.env": "A=1\nB=2\nC=3\nD=$A #c\nE=x#y\nF\nG: 7\n",
        ".env": "TAG=9\n",
    }
    assert service(tmp_path, files)["environment"] == {
        "A": "1",
        "B": "{{ B }}",
        "C": "own",
        "D": "1",
        "E": "x#y",
        "F": "{{ F }}",
        "G": "7",
        "T": "9",
    }


def test_drives_and_names(tmp_path: Path) -> None:
    """A letter before a colon is a drive of Windows; an open source may be either."""
    volumes = "['v:/v', 'data:/d', './x:/x', '${DIR}:/y', '~/.ssh:/z:ro']"
    found = service(tmp_path, {"compose.yaml": IMAGE + f"    volumes: {volumes}\n"})
    assert [(each["type"], each.get("source"), each["target"]) for each in found["volumes"]] == [
        ("volume", None, "v:/v"),
        ("volume", "data", "/d"),
        ("bind", "./x", "/x"),
        ("{{ DIR }}", "{{ DIR }}", "/y"),
        ("bind", "~/.ssh", "/z"),
    ]


def test_open_ports(tmp_path: Path) -> None:
    """A port that nobody gave may bring an address along; one in its own place does not."""
    ports = "['${P}:80', '${IP}:8080:80', '127.0.0.1:${P}:80', '${ALL}', '8080:${T}']"
    found = service(tmp_path, {"compose.yaml": IMAGE + f"    ports: {ports}\n"})
    assert [(each.get("host_ip", ""), each.get("published")) for each in found["ports"]] == [
        ("{{ P }}", "{{ P }}"),
        ("{{ IP }}", "8080"),
        ("127.0.0.1", "{{ P }}"),
        ("{{ ALL }}", "{{ ALL }}"),
        ("", "8080"),
    ]


def test_yaml_of_compose(tmp_path: Path) -> None:
    """Scalars are those of YAML 1.2, with the base eight of old; anchors and merges are read."""
    text = (
        "x-base: &base {tty: yes, pids_limit: 010}\n"
        "services:\n  a:\n    <<: [*base, {tty: no, user: app}]\n    image: x\n    init: true\n"
    )
    found = service(tmp_path, {"compose.yaml": text})
    assert (found["pids_limit"], found["user"], found["init"]) == (8, "app", True)
    assert found["tty"] == "yes" or found["tty"] is True


def test_including_file_lies_above(tmp_path: Path) -> None:
    """The same service in both is no error, and what only the included one says stays."""
    files = {
        "compose.yaml": "include: [db/compose.yaml]\n" + IMAGE,
        "db/compose.yaml": "services:\n  a: {image: y, privileged: true, volumes: ['./d:/d']}\n"
        "  b: {image: $TAG}\n",
        "db/.env": "TAG=inner\n",
    }
    project = resolved(tmp_path, files)
    found = project.services["a"].plain()
    assert (found["image"], found["privileged"]) == ("x", True)
    assert found["volumes"][0]["source"] == "./db/d"
    assert project.services["b"].plain()["image"] == "inner"


def test_extends(tmp_path: Path) -> None:
    """A service lies over that which it extends, of this file or another, down to the last."""
    files = {
        "compose.yaml": "services:\n  a:\n    extends: {file: c/common.yaml, service: mid}\n"
        "    cap_add: !reset null\n    image: x\n  b: {extends: a, user: b}\n",
        "c/common.yaml": "services:\n  mid: {extends: low, cap_add: [ALL], user: mid}\n"
        "  low: {privileged: true, volumes: ['../v:/v'], env_file: e.env}\n",
        "c/e.env": "A=1\n",
    }
    project = resolved(tmp_path, files)
    a, b = (project.services[name].plain() for name in ("a", "b"))
    assert (a["privileged"], a["user"], a["volumes"][0]["source"]) == (True, "mid", "./v")
    assert a["environment"] == {"A": "1"}
    assert "cap_add" not in a
    assert (b["user"], b["privileged"], b["image"]) == ("b", True, "x")


def test_files_of_the_environment(tmp_path: Path) -> None:
    """``COMPOSE_FILE`` in ``.env`` says which files are one, instead of the override."""
    files = {
        ".env": "COMPOSE_FILE=compose.yaml:prod.yaml\nCOMPOSE_PROJECT_NAME=shop\n",
        "compose.yaml": IMAGE + "    labels: {p: $COMPOSE_PROJECT_NAME}\n",
        "compose.override.yaml": "services: {a: {privileged: true}}\n",
        "prod.yaml": "services: {a: {read_only: true}}\n",
    }
    found = service(tmp_path, files)
    assert (found.get("privileged"), found["read_only"], found["labels"]) == (
        None,
        True,
        {"p": "shop"},
    )


def test_each_field_at_its_file(tmp_path: Path) -> None:
    """A field is told by the file and line that say it, what is nowhere by what is above it."""
    write(
        tmp_path,
        {
            "s/compose.yaml": "include: [db.yaml]\nservices:\n  a:\n    extends:\n"
            "      service: base\n      file: common.yaml\n    image: $IMAGE\n    env_file: a.env\n"
            "    ports:\n      - '8080:80'\n",
            "s/compose.override.yaml": "services:\n  a:\n    privileged: true\n"
            "    ports:\n      - '9090:90'\n",
            "s/common.yaml": "services:\n  base:\n    user: root\n    deploy:\n      replicas: 1\n",
            "s/db.yaml": "services:\n\n  db:\n    image: pg\n",
            "s/.env": "IMAGE=x\n",
            "s/a.env": "# c\nA=1\n",
        },
    )
    found = scan(tmp_path)
    assert [each.name for each in found.resources] == ["a", "db"]
    assert found.gaps == []
    places = {
        "/image": "s/compose.yaml:7",
        "/privileged": "s/compose.override.yaml:3",
        "/user": "s/common.yaml:3",
        "/deploy/replicas": "s/common.yaml:5",
        "/ports/0/published": "s/compose.yaml:10",
        "/ports/1/host_ip": "s/compose.override.yaml:5",
        "/environment/A": "s/a.env:2",
        "/no/such": "s/common.yaml:2",
    }
    assert {pointer: found.at("a", pointer) for pointer in places} == places
    assert found.at("db", "/image") == "s/db.yaml:4"
    db, _ = found.named("db")
    assert (db.source, db.line, db.rendered) == ("s/db.yaml", 3, "s/compose.yaml")
    assert dict(db.labels)["com.docker.compose.project"] == "s"
    evidence = found.readings[0].evidence
    assert evidence.how == (
        "read with s/.env, s/a.env, s/common.yaml, s/compose.override.yaml, s/db.yaml"
    )


def test_evidence_changes_with_its_files(tmp_path: Path) -> None:
    """What was remembered of a project is not used when any file of it changed."""
    files = over("tty: true", "tty: false")
    keys = set()
    for text in (*files.values(), "services: {a: {privileged: true}}\n"):
        write(tmp_path, {**files, "compose.override.yaml": text})
        keys.add(scan(tmp_path).readings[0].evidence.key)
    assert len(keys) == 3


def test_evidence_changes_with_what_cannot_be_read(tmp_path: Path) -> None:
    """A file that need not be there, and is there and too large, is a gap from then on."""
    optional = IMAGE + "    env_file: [{path: x.env, required: false}]\n"
    write(tmp_path, {"compose.yaml": optional})
    before = scan(tmp_path)
    known = before.readings[0].evidence
    assert before.gaps == []
    write(tmp_path, {"x.env": b"A=1\n" * (MOST_BYTES // 4 + 1)})
    after = scan(tmp_path)
    (gap,) = after.gaps
    assert gap.detail == "the file of variables x.env can't be read: more than 4,194,304 bytes"
    evidence = after.readings[0].evidence
    assert evidence.key != known.key
    assert (known.how, evidence.how) == ("", "")


@pytest.mark.parametrize(
    ("link", "more"),
    [(".env", ""), ("x.env", "    env_file: [{path: x.env, required: false}]\n")],
)
def test_variables_behind_a_link_out_of_the_target(tmp_path: Path, link: str, more: str) -> None:
    """Compose follows the link: that we don't is a gap, and no default is believed without one."""
    text = f"{IMAGE}    privileged: ${{P:-false}}\n{more}"
    root = write(tmp_path / "root", {"compose.yaml": text})
    write(tmp_path, {"outside": "P=true\n"})
    assert scan(root).gaps == []
    (root / link).symlink_to(tmp_path / "outside")
    (gap,) = scan(root).gaps
    assert gap.detail == (
        f"the file of variables {link} is outside of what is audited, and was not read"
    )


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    """It is a gap, and no error of ours."""
    text = IMAGE + '    env_file: ["\\uD800.env"]\n'
    found = scan(write(tmp_path, {"compose.yaml": text}))
    assert len(found.gaps) == 1


def test_default_network(tmp_path: Path) -> None:
    """A service is on the network of its project, as the engine calls it, or those it names."""
    text = (
        "name: shop\nservices:\n  a: {image: x}\n  b: {image: x, network_mode: host}\n"
        "  c: {image: x, networks: [own, out, named]}\n"
        "networks: {own: , out: {external: true}, named: {name: n}}\n"
    )
    project = resolved(tmp_path, {"compose.yaml": text})
    assert project.services["a"].plain()["networks"] == {"default": {"name": "shop_default"}}
    assert "networks" not in project.services["b"].plain()
    assert project.services["c"].plain()["networks"] == {
        "own": {"name": "shop_own"},
        "out": {"name": "out"},
        "named": {"name": "n"},
    }
