"""A policy is the same policy in every file: nothing of it is left out as a secret on the way."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from auditor.analysis.auditing.facts import found_in
from auditor.analysis.auditing.reading import read_policy
from auditor.cli.wires.derived import read_text
from tests.unit.analysis.auditing import policies
from tests.unit.collectors.kubernetes.managed.test_recogniser import read

WORDS = ["system:serviceaccount:ci:token", "password", "secret", "system:bootstrap:abcdef"]


@pytest.mark.parametrize("suffix", ["json", "yaml"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "in a ConfigMap"])
def test_a_policy_in_a_file(suffix: str, wrapped: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    dice = random.Random(3)
    for _ in range(25):
        made = policies.policy(dice)
        made["rules"][0]["users"] = WORDS
        data = {"policy.yaml": json.dumps(made, indent=1)}
        metadata = {"name": "audit", "namespace": "kube-system"}
        around = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        (resource,) = read(tmp_path, f"a.{suffix}", json.dumps(around if wrapped else made))
        (found,) = found_in(resource, read_text)
        assert found.read == read_policy(json.loads(json.dumps(made)))
