"""Rules on inputs of one meaning in many spellings, and what their messages name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies.verdicts import messages, verdict_of

POD = "k8s/PodTemplate"
ZEROS = (0, 0.0, "0", "0.0", "00", "0e3", "0E3", "0Mi", "0Ki", "0m", ".0", "0.", "+0", "-0")
SOME = (1, 0.5, "1", "0.5", "1e3", "100m", "1n", "64Mi", "1Ei", "007")
BOUNDS = {
    "k8s-memory-limit-missing": ("limits", "memory"),
    "k8s-cpu-limit-missing": ("limits", "cpu"),
    "k8s-memory-request-missing": ("requests", "memory"),
    "k8s-cpu-request-missing": ("requests", "cpu"),
}


@pytest.mark.parametrize("rule", BOUNDS)
@pytest.mark.parametrize("whole", [False, True], ids=["container", "pod"])
def test_zero_is_no_bound_however_it_is_written(rule: str, *, whole: bool) -> None:
    field, name = BOUNDS[rule]
    for values, expected in ((ZEROS, "fail"), (SOME, "pass")):
        for value in values:
            bounds = {"resources": {field: {name: value}}}
            spec = {"containers": [{"name": "a"} | ({} if whole else bounds)]}
            body = {"spec": spec | (bounds if whole else {})}
            assert verdict_of(rule, POD, body) == expected, value
            if expected == "fail":
                (said,) = messages(rule, POD, body)
                assert "zero is written, and means no" in said, value


def test_an_absent_bound_is_not_called_zero() -> None:
    body = {"spec": {"containers": [{"name": "a"}]}}
    for rule in BOUNDS:
        (said,) = messages(rule, POD, body)
        assert "zero" not in said


@pytest.mark.parametrize(("values", "expected"), [(ZEROS, "fail"), (SOME, "pass")])
def test_volumes_in_memory(values: tuple[object, ...], expected: str) -> None:
    for value in values:
        volume = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": value}}
        body = {"spec": {"volumes": [volume]}}
        assert verdict_of("k8s-memory-volume-unbounded", POD, body) == expected, value


def ingress(tls: list[dict[str, Any]], *hosts: str) -> dict[str, Any]:
    rules = [{"host": host} if host else {"http": {}} for host in hosts]
    return {"metadata": {"name": "i"}, "spec": {"tls": tls, "rules": rules}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            ingress([{"hosts": ["a.example.com"]}], "a.example.com", "b.example.com"),
            "ingress i has no TLS for b.example.com",
            id="one of two",
        ),
        pytest.param(
            ingress([{"hosts": ["*.example.com"]}], "a.b.example.com", "example.com", "gateway"),
            "ingress i has no TLS for a.b.example.com, example.com, gateway",
            id="wildcard",
        ),
        pytest.param(
            ingress([{}], "a.example.com", ""),
            "ingress i has neither a tls section nor a certificate by annotation for a.example.com",
            id="an entry that says nothing",
        ),
        pytest.param(
            ingress([], ""),
            "ingress i has neither a tls section nor a certificate by annotation",
            id="no host",
        ),
    ],
)
def test_hosts_without_tls_are_named(body: dict[str, Any], message: str) -> None:
    assert messages("k8s-ingress-without-tls", "k8s/Ingress", body) == [message]


IMAGES = {
    "k8s-image-digest-missing": "volume models holds m:latest, which names no digest",
    "k8s-image-registry-implicit": (
        "volume models holds m:latest from whatever registry the node prefers"
    ),
    "k8s-image-tag-mutable": "volume models holds m:latest, a tag that is meant to move",
}


@pytest.mark.parametrize(("rule", "message"), IMAGES.items())
@pytest.mark.parametrize("kind", [POD, "k8s/PodTemplatePatch"])
def test_images_in_volumes(rule: str, message: str, kind: str) -> None:
    volumes = [
        {"name": "tmp", "emptyDir": {}},
        {"name": "models", "image": {"reference": "m:latest"}},
    ]
    assert messages(rule, kind, {"spec": {"volumes": volumes}}) == [message]


def env(*values: str | None) -> dict[str, Any]:
    """A container whose ``NAME`` has these values, None for one from a secret."""
    secret = {"secretKeyRef": {"name": "s", "key": "k"}}
    variables = [
        {"name": "{}", "valueFrom": secret} if value is None else {"name": "{}", "value": value}
        for value in values
    ]
    return {"name": "a", "image": "vllm/vllm-openai:v1", "env": variables}


LAST = [
    pytest.param(
        "k8s-gpu-selected-by-environment", "NVIDIA_VISIBLE_DEVICES", "all", "void", id="gpu"
    ),
    pytest.param("k8s-model-code-trusted", "TRUST_REMOTE_CODE", "true", "false", id="code"),
    pytest.param("k8s-model-server-without-key", "VLLM_API_KEY", "", None, id="key"),
]


@pytest.mark.parametrize(("rule", "name", "bad", "good"), LAST)
def test_the_last_of_several_values_wins(
    rule: str, name: str, bad: str | None, good: str | None
) -> None:
    for values, expected in (((good, bad), "fail"), ((bad, good), "pass")):
        container = env(*values)
        for variable in container["env"]:
            variable["name"] = name
        body = {"owner": {"namespace": "ml"}, "spec": {"containers": [container]}}
        assert verdict_of(rule, POD, body) == expected


def test_a_value_from_elsewhere_is_said() -> None:
    container = env(None)
    container["env"][0]["name"] = "AMD_VISIBLE_DEVICES"
    body = {"owner": {"namespace": "ml"}, "spec": {"containers": [container]}}
    (said,) = messages("k8s-gpu-selected-by-environment", POD, body)
    assert said.startswith("not decided: the value of AMD_VISIBLE_DEVICES comes from elsewhere")
