"""The chart: rendered by helm, judged by a real API server and by ourselves, and run as it says."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.chart_role import granted
from tests.e2e.command import auditor
from tests.e2e.forks import ROOT
from tests.e2e.signed import ran
from tests.engines.apiserver import ApiServer
from tests.engines.golang import PATIENT
from tests.engines.s3gateway import KEYS, S3Gateway
from tests.unit.evidence.bundles import POD

CHART = ROOT / "deploy" / "chart"
DIGEST = "sha256:" + "5" * 64
RUN = "audit-29400000"
PATHS = {
    "ServiceAccount": "/api/v1/namespaces/audit/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/audit/configmaps",
    "PersistentVolumeClaim": "/api/v1/namespaces/audit/persistentvolumeclaims",
    "Pod": "/api/v1/namespaces/audit/pods",
    "CronJob": "/apis/batch/v1/namespaces/audit/cronjobs",
    "Job": "/apis/batch/v1/namespaces/audit/jobs",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/audit/networkpolicies",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}
FLEET: Mapping[str, Any] = {
    "targets": ["one", {"target": "two", "labels": {"env": "x"}}, "three"],
    "credentials": "entering",
}
STORAGE: Mapping[str, Any] = {
    "url": "s3://bucket/audits",
    "secret": "storage",
    "region": "us-east-1",
    "endpoint": "https://minio.storage:9000",
    "authority": "minio-authority",
}
MODES: Mapping[str, Mapping[str, Any]] = {
    "one cluster, each night": {},
    "one cluster, once, signed": {
        "schedule": "",
        "signing": {"secret": "key", "passphrase": True},
        "results": {"claim": "kept"},
        "options": ["--fail-on", "critical"],
        "failJob": True,
    },
    "a fleet, each night, a part a target": {"fleet": FLEET, "signing": {"secret": "key"}},
    "a fleet, once, in two parts": {"fleet": {**FLEET, "parts": 2}, "schedule": ""},
    "more parts than targets": {"fleet": {**FLEET, "parts": 9}, "schedule": ""},
    "a fleet, each night, to a storage, merged": {
        "fleet": FLEET,
        "signing": {"secret": "key"},
        "storage": STORAGE,
        "merge": {"enabled": True, "schedule": "17 6 * * *", "partsKey": "key.pub"},
    },
    "a fleet, once, to a storage that knows the account, merged": {
        "fleet": FLEET,
        "schedule": "",
        "storage": {"url": "s3://bucket/audits"},
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/a"}},
        "merge": {"enabled": True},
    },
}


def helm_says(
    helm: Path, folder: Path, values: Mapping[str, Any]
) -> subprocess.CompletedProcess[str]:
    (folder / "values.yaml").write_text(yaml.safe_dump(dict(values)))
    line = [helm, "template", "audit", CHART, "-n", "audit", "-f", folder / "values.yaml"]
    return subprocess.run(
        [*map(str, line), "--kube-version", "1.34.0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", **PATIENT},
    )


def rendered(helm: Path, folder: Path, values: Mapping[str, Any]) -> str:
    done = helm_says(helm, folder, {"image": {"digest": DIGEST}, **values})
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(text: str) -> dict[str, dict[str, Any]]:
    """By their kinds; what merges is the one of its kind with that name."""
    found = [each for each in yaml.safe_load_all(text) if each]
    named = {_kind(each): each for each in found}
    assert len(named) == len(found)
    return named


def _kind(each: Mapping[str, Any]) -> str:
    kind: str = each["kind"]
    return f"{kind} that merges" if each["metadata"]["name"].endswith("-merge") else kind


def job_of(found: Mapping[str, dict[str, Any]], which: str = "") -> dict[str, Any]:
    """The spec of the Job, whichever way it is started; of the one that merges by that word."""
    if f"Job{which}" in found:
        spec: dict[str, Any] = found[f"Job{which}"]["spec"]
        return spec
    inside: dict[str, Any] = found[f"CronJob{which}"]["spec"]["jobTemplate"]["spec"]
    return inside


MERGES = " that merges"


@pytest.fixture(scope="module", params=MODES.values(), ids=MODES)
def text(
    request: pytest.FixtureRequest, helm: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    return rendered(helm, tmp_path_factory.mktemp("chart"), request.param)


def test_nothing_fails_in_our_own_audit(text: str) -> None:
    """Under the restricted profile nothing at all; by default nothing that the gate counts."""
    options = ("--format", "json")
    restricted = auditor("scan", "-", "--profile", "pod-security-restricted", *options,
                         stdin=text.encode())  # fmt: skip
    assert restricted.code == 0, restricted.out
    assert restricted.results()["gaps"] == []
    assert restricted.results()["findings"] == []
    usual = auditor("scan", "-", *options, stdin=text.encode())
    assert usual.code == 0
    severities = {each["severity"] for each in usual.results()["findings"]}
    assert severities <= {"info", "low"}, usual.results()["findings"]


def test_a_server_takes_it(text: str, apiserver: ApiServer) -> None:
    """With strict fields; and the pod that the Job makes, where only restricted ones may run."""
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    found = objects(text)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        **job_of(found)["template"],
    }
    pod["metadata"] = {**pod["metadata"], "name": "audit"}
    pods = {"Pod": pod}
    if {f"Job{MERGES}", f"CronJob{MERGES}"} & found.keys():
        template = job_of(found, MERGES)["template"]
        named = {**template["metadata"], "name": "audit-merge"}
        pods[f"Pod{MERGES}"] = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": named}
    with apiserver.client() as client:
        namespace = {"kind": "Namespace", "apiVersion": "v1"}
        client.post(
            "/api/v1/namespaces", {**namespace, "metadata": {"name": "audit", "labels": level}}
        )
        for kind, each in {**found, **pods}.items():
            path = PATHS[kind.removesuffix(MERGES)]
            reply = client.post(f"{path}?dryRun=All&fieldValidation=Strict", each)
            assert reply.status == 201, (kind, reply.message)
        bare = {**pod, "spec": {**pod["spec"], "hostPID": True}}
        refused = client.post(f"{PATHS['Pod']}?dryRun=All", bare)
        assert "violates PodSecurity" in refused.message, "the server would say so"


def test_it_may_read_what_the_rules_rest_on_and_no_more(helm: Path, tmp_path: Path) -> None:
    found = objects(rendered(helm, tmp_path, {}))
    assert found["ClusterRole"]["rules"] == granted()
    assert found["ClusterRoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "audit", "namespace": "audit"}
    ]
    assert found["ServiceAccount"]["metadata"]["name"] == "audit"
    own = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    assert (
        objects(rendered(helm, tmp_path, {"rbac": {"rules": own}}))["ClusterRole"]["rules"] == own
    )
    fleet = objects(rendered(helm, tmp_path, {"fleet": FLEET}))
    assert "ClusterRole" not in fleet, "it enters no cluster as its pod"
    assert job_of(fleet)["template"]["spec"]["automountServiceAccountToken"] is False


def placed(
    arguments: Sequence[str], folder: Path, part: int = 0, bucket: str = "", run: str = RUN
) -> list[str]:
    """Arguments as kubelet gives them to the program, with the volumes in a folder of ours."""
    env = {"RUN": run, "PART": str(part)}
    made = [re.sub(r"\$\((\w+)\)", lambda name: env[name[1]], each) for each in arguments]
    made = [each.replace("s3://bucket/", f"s3://{bucket}/") for each in made]
    return [re.sub(r"^/(fleet|results|key)/", f"{folder}/\\1/", each) for each in made]


def variables(container: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Those that the container has by their values, with its volumes in a folder of ours."""
    said = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    return {name: re.sub("^/", f"{folder}/", value) for name, value in said.items()}


def filled(folder: Path, found: Mapping[str, dict[str, Any]]) -> None:
    """The volumes of the fleet: its file, and what that names."""
    for name in ("fleet", "results", "tmp"):
        (folder / name).mkdir()
    for name in ("one", "two", "three"):
        (folder / "fleet" / name).mkdir()
        (folder / "fleet" / name / "pod.yaml").write_text(POD)
    (folder / "fleet" / "fleet.yaml").write_text(found["ConfigMap"]["data"]["fleet.yaml"])


def test_its_parts_are_one_report(helm: Path, tmp_path: Path) -> None:
    """The arguments that it says, with the file that it says, for each index of the Job."""
    found = objects(rendered(helm, tmp_path, {"fleet": {**FLEET, "parts": 2}}))
    filled(tmp_path, found)
    job = job_of(found)
    (container,) = job["template"]["spec"]["containers"]
    for part in range(job["completions"]):
        done = ran(tmp_path, *placed(container["args"], tmp_path, part))
        assert (done.code, done.out) == (0, ""), done.err
    parts = sorted((tmp_path / "results").iterdir())
    assert [each.name for each in parts] == [f"{RUN}-0.zip", f"{RUN}-1.zip"]
    whole = ran(tmp_path, "merge", *parts, "--targets", "fleet/fleet.yaml", "--format", "json")
    assert [(each["uri"], each["state"]) for each in whole.results()["targets"]] == [
        (f"fleet/{name}", "complete") for name in ("one", "two", "three")
    ]


def test_its_parts_are_one_report_in_a_storage(
    helm: Path, tmp_path: Path, s3gateway: S3Gateway
) -> None:
    """Keys and authority from the files that the chart mounts; the merge reads what is there."""
    address = f"https://{s3gateway.address}"
    values = {
        "fleet": FLEET,
        "storage": {**STORAGE, "endpoint": address},
        "merge": {"enabled": True},
    }
    found = objects(rendered(helm, tmp_path, values))
    filled(tmp_path, found)
    for name in ("storage", "authority"):
        (tmp_path / name).mkdir()
    keys = "[default]\n" + "".join(f"{name.lower()} = {value}\n" for name, value in KEYS.items())
    (tmp_path / "storage" / "credentials").write_text(keys)
    (tmp_path / "authority" / "ca.crt").write_bytes(s3gateway.authority.read_bytes())
    bucket = s3gateway.bucket()
    job = job_of(found)
    (container,) = job["template"]["spec"]["containers"]
    env = variables(container, tmp_path)
    for part in range(job["completions"]):
        line = placed(container["args"], tmp_path, part, bucket)
        done = ran(tmp_path, *line, env=env, process=True)
        assert (done.code, done.out) == (0, ""), done.err
    (merging,) = job_of(found, MERGES)["template"]["spec"]["containers"]
    line = placed(merging["args"], tmp_path, 0, bucket, "audit-merge")
    done = ran(tmp_path, *line, env=variables(merging, tmp_path), process=True)
    assert (done.code, done.out) == (0, ""), done.err
    parts = [f"audits/{RUN}/part-{number}.zip" for number in range(3)]
    held = s3gateway.held(bucket)
    assert set(held) == {"audits/audit-merge.zip", *parts}
    (tmp_path / "whole.zip").write_bytes(held["audits/audit-merge.zip"])
    whole = ran(tmp_path, "report", "whole.zip", "--format", "json")
    assert [each["state"] for each in whole.results()["targets"]] == ["complete"] * 3
    assert "PersistentVolumeClaim" not in found


def test_its_key_is_its_owners_alone(helm: Path, tmp_path: Path) -> None:
    """What a Secret's volume shows can be read by a group; the key that signs can't."""
    values = {"signing": {"secret": "key"}}
    job = job_of(objects(rendered(helm, tmp_path, values)))
    (first,) = job["template"]["spec"]["initContainers"]
    assert ran(tmp_path, "keys", "create", tmp_path / "made.pem", "--no-passphrase").code == 0
    hidden = tmp_path / "secret" / "..data"
    hidden.mkdir(parents=True)
    (hidden / "key").write_bytes((tmp_path / "made.pem").read_bytes())
    (hidden / "key").chmod(0o440)
    (tmp_path / "secret" / "key").symlink_to("..data/key")
    (tmp_path / "key").mkdir()
    program = first["command"][2]
    for folder in ("secret", "key"):
        program = program.replace(f'"/{folder}"', f'"{tmp_path}/{folder}"')
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert stat.S_IMODE((tmp_path / "key" / "key").stat().st_mode) == 0o600
    (container,) = job["template"]["spec"]["containers"]
    (tmp_path / "results").mkdir()
    (tmp_path / "pod.yaml").write_text(POD)
    arguments = placed(container["args"], tmp_path)
    arguments[arguments.index("k8s+incluster://this-cluster")] = "pod.yaml"
    assert ran(tmp_path, *arguments).code == 0
    public = ran(tmp_path, "keys", "export", tmp_path / "made.pem").out
    (tmp_path / "k.pub").write_text(public)
    bundle = tmp_path / "results" / f"{RUN}.zip"
    assert ran(tmp_path, "verify", bundle, "--key", "k.pub").code == 0


WRONG = {
    "no image": ({}, "image.digest: build deploy/Containerfile"),
    "a tag": ({"image": {"digest": "latest"}}, "/image/digest"),
    "a value that is none": ({"image": {"digest": DIGEST}, "scheduel": "@daily"}, "scheduel"),
    "a storage with a password": (
        {"image": {"digest": DIGEST}, "storage": {"url": "s3://key:secret@bucket/x"}},
        "/storage/url",
    ),
    "a merge of nothing": (
        {"image": {"digest": DIGEST}, "merge": {"enabled": True}},
        "fleet.targets and storage.url",
    ),
    "a name with a blank": ({"image": {"digest": DIGEST}, "cluster": "a b"}, "cluster"),
}


@pytest.mark.parametrize(("values", "says"), WRONG.values(), ids=WRONG)
def test_wrong_values_are_refused(
    helm: Path, tmp_path: Path, values: Mapping[str, Any], says: str
) -> None:
    done = helm_says(helm, tmp_path, values)
    assert done.returncode == 1
    assert says in done.stderr
