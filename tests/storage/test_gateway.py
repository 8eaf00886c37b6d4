"""Bundles and reports in a storage that speaks S3, from one end to the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.command import Ran
from tests.e2e.signed import filled, ran
from tests.engines.s3gateway import KEYS, S3Gateway
from tests.faults.server import healthy, serving
from tests.faults.test_live_many import kubeconfig

HINTS = {
    "NoSuchBucket": ("create it", {}),
    "SignatureDoesNotMatch": ("is not that of", {"AWS_SECRET_ACCESS_KEY": "wrong"}),
    "AuthorizationHeaderMalformed": ("AWS_REGION=us-east-1", {"AWS_REGION": "eu-west-1"}),
    "no whole answer": ("AWS_ENDPOINT_URL", {"AWS_ENDPOINT_URL": "https://127.0.0.1:9"}),
    "no certificate of it": ("AWS_ENDPOINT_URL", {"AWS_CA_BUNDLE": ""}),
}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A folder with a key and a target, and a bucket of its own."""

    gateway: S3Gateway
    folder: Path
    bucket: str

    def run(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
        settings = {**self.gateway.environment, "TMPDIR": str(self.temporary), **(env or {})}
        found = ran(self.folder, *arguments, env=settings, process=True)
        for secret in KEYS.values():
            assert secret not in found.out + found.err
        return found

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def held(self) -> dict[str, bytes]:
        return self.gateway.held(self.bucket)

    def at(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = filled(tmp_path_factory.mktemp("keyed"))
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(ran(folder, "keys", "export", "k.pem").out)
    (folder / "x").mkdir()
    (folder / "x" / "pod.yaml").write_text((folder / "pod.yaml").read_text())
    (folder / "fleet.yaml").write_text("targets: [x, pod.yaml]\n")
    (folder / "tmp").mkdir()
    return folder


@pytest.fixture
def somebody(s3gateway: S3Gateway, keyed: Path) -> Somebody:
    return Somebody(s3gateway, keyed, s3gateway.bucket())


def uris(found: Ran) -> set[str]:
    return {each["uri"] for each in found.results()["targets"]}


def test_parts_go_there_and_come_back_as_one(somebody: Somebody) -> None:
    """What is merged from a storage is what is merged from files, byte for byte."""
    options = ("--targets", "fleet.yaml", "--key", "k.pem", "-q")
    for number in range(2):
        name = f"audits/part-{number}.zip"
        part = ("--part", f"{number}/2", "--output", somebody.at(name))
        made = somebody.run("scan", *options, *part, "-o", f"json={somebody.at('report.json')}")
        assert made.code == 1, made.err
        place = somebody.folder / f"part-{number}.zip"
        place.write_bytes(somebody.held[name])
    assert set(somebody.held) == {"audits/part-0.zip", "audits/part-1.zip", "report.json"}
    assert json.loads(somebody.held["report.json"])["targets"][0]["uri"] == "pod.yaml"
    merge = ("merge", "-q", "--parts-key", "k.pub", "--key", "k.pem")
    there = somebody.run(
        *merge, somebody.at("audits/part-*.zip"), "--output", somebody.at("whole.zip")
    )
    assert there.code == 1, there.err
    here = somebody.run(*merge, "part-0.zip", "part-1.zip", "-o", "json=here.json")
    assert here.code == 1, here.err
    again = somebody.run("report", somebody.at("whole.zip"), "--key", "k.pub", "--format", "json")
    assert again.out == (somebody.folder / "here.json").read_text()
    assert list(somebody.temporary.iterdir()) == []


def test_of_several_runs_the_last_one_is_merged(somebody: Somebody) -> None:
    """As the chart has them: a folder a run, whose number grows."""
    for run, target in {9: "pod.yaml", 10: "x"}.items():
        place = somebody.at(f"audit-{run}/part-0.zip")
        scan = ("scan", target, "-q", "--key", "k.pem", "--output", place)
        assert somebody.run(*scan).code == 1
    merge = ("merge", somebody.at("*/part-*.zip"), "--format", "json")
    assert uris(somebody.run(*merge)) == {"pod.yaml", "x"}
    assert uris(somebody.run(*merge, "--last-run")) == {"x"}


def test_what_is_there_is_read_by_each_command(somebody: Somebody) -> None:
    place = somebody.at("a/b.zip")
    assert somebody.run("scan", "pod.yaml", "-q", "--key", "k.pem", "--output", place).code == 1
    digest = hashlib.sha256(somebody.held["a/b.zip"]).hexdigest()
    assert digest != hashlib.sha256(b"").hexdigest()
    verified = somebody.run("verify", place, "--key", "k.pub")
    assert (verified.code, "VERIFY verified" in verified.out) == (0, True), verified.err
    assert "REPLAY same" in somebody.run("replay", place).out
    assert somebody.run("diff", place, place).last_line().startswith("DIFF new=0 gone=0")
    assert somebody.run("evaluate", place, "-q").code == 1
    known = ("--baseline", place, "--baseline-key", "k.pub")
    assert somebody.run("scan", "pod.yaml", "-q", *known).code == 0
    stored = somebody.run("history", "import", place, "--to", "h.db", "--key", "k.pub")
    assert stored.out.startswith(f"added  {place}"), stored.err
    assert list(somebody.temporary.iterdir()) == []


def test_a_bundle_is_never_replaced_and_a_report_is(somebody: Somebody) -> None:
    place, report = somebody.at("b.zip"), somebody.at("r.json")
    scan = ("scan", "pod.yaml", "-q", "--key", "k.pem")
    assert somebody.run(*scan, "--output", place, "-o", f"json={report}").code == 1
    before = somebody.held
    second = somebody.run(*scan, "--output", place)
    assert (second.code, f"{place}: it is there already" in second.err) == (2, True)
    assert somebody.run(*scan, "--all", "-o", f"json={report}").code == 1
    after = somebody.held
    assert after["b.zip"] == before["b.zip"]
    assert len(after["r.json"]) > len(before["r.json"])


@pytest.mark.parametrize(("said", "hint"), HINTS.items(), ids=HINTS)
@pytest.mark.parametrize("option", ["--output", "-o"])
def test_what_can_not_be_written_is_known_before_anything_is_read(
    somebody: Somebody, option: str, said: str, hint: tuple[str, Mapping[str, str]]
) -> None:
    """The cluster has not been asked by then."""
    text, settings = hint
    bucket = "no-such-bucket" if said == "NoSuchBucket" else somebody.bucket
    place = f"s3://{bucket}/a.zip"
    options = (option, place if option == "--output" else f"json={place}")
    with serving(healthy) as cluster:
        known = kubeconfig(somebody.folder, {"prod": cluster.url})
        read = ("scan", "k8s://prod", "--kubeconfig", known, "--key", "k.pem")
        found = somebody.run(*read, *options, env=settings)
        assert cluster.asked == []
    assert found.code == 2
    assert f"{place} at " in found.err
    assert text in found.err
    assert somebody.held == {}


def test_what_is_not_there_is_said(somebody: Somebody) -> None:
    for place, said in {
        somebody.at("a.zip"): "no such bucket or object",
        somebody.at("a-*.zip"): "one object has to be named",
        somebody.at("a"): "no such bucket or object",
    }.items():
        found = somebody.run("verify", place)
        assert (found.code, said in found.err) == (2, True), found.err
    found = somebody.run("merge", somebody.at("part-*.zip"))
    assert (found.code, "nothing there has such a name" in found.err) == (2, True)


def test_a_profile_says_who_asks_and_where(somebody: Somebody) -> None:
    """Keys and endpoint from AWS's own files; the variables of a session are not needed."""
    settings = somebody.folder / "aws-config"
    settings.write_text(
        f"[profile audits]\nregion = us-east-1\nendpoint_url = https://{somebody.gateway.address}\n"
    )
    keys = somebody.folder / "aws-keys"
    keys.write_text(
        "[audits]\naws_access_key_id = {AWS_ACCESS_KEY_ID}\n"
        "aws_secret_access_key = {AWS_SECRET_ACCESS_KEY}\n".format(**KEYS)
    )
    place = {
        **dict.fromkeys((*KEYS, "AWS_ENDPOINT_URL", "AWS_REGION"), ""),
        "AWS_PROFILE": "audits",
        "AWS_CONFIG_FILE": str(settings),
        "AWS_SHARED_CREDENTIALS_FILE": str(keys),
    }
    scan = ("scan", "pod.yaml", "-q", "--key", "k.pem", "--output", somebody.at("b.zip"))
    assert somebody.run(*scan, env=place).code == 1
    assert set(somebody.held) == {"b.zip"}
