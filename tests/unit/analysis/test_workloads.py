"""Pod templates: where they are found, how they point back, whose they are."""

from __future__ import annotations

import msgspec
import pytest

from auditor.analysis.rows import rows_from_table
from auditor.analysis.shapes import join, prepare
from auditor.analysis.workloads import PodTemplates, Workloads
from auditor.engine.lines import source_pointer
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms import PLATFORMS

TABLE: list[dict[str, object]] = [
    {"kind": "Pod", "group": "", "templates": [""], "shape": "template"},
    {"kind": "Deployment", "group": "apps", "templates": ["spec.template"], "shape": "template"},
    {
        "kind": "RayCluster",
        "group": "ray.io",
        "templates": ["spec.headGroupSpec.template", "spec.workerGroupSpecs[*].template"],
        "shape": "template",
    },
    {
        "kind": "InferenceService",
        "group": "serving.kserve.io",
        "templates": ["spec.predictor", "spec.transformer"],
        "shape": "podspec",
    },
    {
        "kind": "Workflow",
        "group": "argoproj.io",
        "templates": ["spec.templates[*].container", "spec.templates[*].sidecars"],
        "shape": "container",
    },
    {
        "kind": "TrainJob",
        "group": "trainer.kubeflow.org",
        "templates": ["spec.podTemplateOverrides[*]"],
        "shape": "template",
        "partial": True,
    },
    {
        "kind": "AppWrapper",
        "group": "workload.codeflare.dev",
        "templates": ["spec.components[*].template"],
        "shape": "object",
    },
]
SPEC = {"containers": [{"name": "main", "image": "a"}]}
DEPLOYMENT = {"kind": "Deployment", "spec": {"template": {"spec": SPEC}}}


def resource(kind: str, body: object, **fields: object) -> Resource:
    values: dict[str, object] = {
        "kind": kind,
        "api_version": "v1",
        "name": "x",
        "namespace": "ml",
        "uid": "a.yaml#x",
        "source": "a.yaml",
        "document": 0,
        "line": 3,
        "body": msgspec.json.encode(body),
    }
    return Resource(**{**values, **fields})  # type: ignore[arg-type]  # fields by name


def derive(kind: str, body: object) -> list[Resource | Gap]:
    version = f"{kind.partition('.')[2]}/v1".removeprefix("/")
    return list(Workloads(rows_from_table(TABLE)).derive(resource(kind, body, api_version=version)))


def pointers(kind: str, body: object) -> list[tuple[str, str, str]]:
    return [
        (source_pointer(fact, ("spec", "containers", 0, "image")), fact.part, str(fact.heuristic))
        for fact in derive(kind, body)
        if isinstance(fact, Resource)
    ]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        pytest.param(
            "k8s/Pod", {"spec": SPEC}, [("/spec/containers/0/image", "", "False")], id="pod"
        ),
        pytest.param(
            "k8s/Deployment",
            {"spec": {"template": {"spec": SPEC}}},
            [("/spec/template/spec/containers/0/image", "", "False")],
            id="deployment",
        ),
        pytest.param(
            "k8s/RayCluster.ray.io",
            {
                "spec": {
                    "headGroupSpec": {"template": {"spec": SPEC}},
                    "workerGroupSpecs": [{"template": {"spec": SPEC}}],
                }
            },
            [
                ("/spec/headGroupSpec/template/spec/containers/0/image", "headGroupSpec", "False"),
                (
                    "/spec/workerGroupSpecs/0/template/spec/containers/0/image",
                    "workerGroupSpecs/0",
                    "False",
                ),
            ],
            id="head and workers",
        ),
        pytest.param(
            "k8s/InferenceService.serving.kserve.io",
            {"spec": {"predictor": SPEC}},
            [("/spec/predictor/containers/0/image", "predictor", "False")],
            id="pod spec without template",
        ),
        pytest.param(
            "k8s/Workflow.argoproj.io",
            {"spec": {"templates": [{"name": "a"}, {"container": {"image": "b"}}]}},
            [("/spec/templates/1/container/image", "templates/1/container", "False")],
            id="lone container",
        ),
        pytest.param(
            "k8s/Workflow.argoproj.io",
            {"spec": {"templates": [{"sidecars": [{"image": "a"}, {"image": "b"}]}]}},
            [
                ("/spec/templates/0/sidecars/0/image", "templates/0/sidecars/0", "False"),
                ("/spec/templates/0/sidecars/1/image", "templates/0/sidecars/1", "False"),
            ],
            id="list of containers",
        ),
        pytest.param(
            "k8s/AppWrapper.workload.codeflare.dev",
            {"spec": {"components": [{"template": {**DEPLOYMENT, "apiVersion": "apps/v1"}}]}},
            [
                (
                    "/spec/components/0/template/spec/template/spec/containers/0/image",
                    "components/0",
                    "False",
                )
            ],
            id="object inside an object",
        ),
        pytest.param(
            "k8s/Thing.example.com",
            {"spec": {"deep": [{"runner": SPEC}]}},
            [("/spec/deep/0/runner/containers/0/image", "deep/0/runner", "True")],
            id="by shape",
        ),
        pytest.param(
            "k8s/Thing.example.com",
            {"spec": {"containers": [{"name": "nothing else"}]}},
            [],
            id="not the shape",
        ),
        pytest.param("k8s/Deployment", {"spec": {"template": None}}, [], id="null template"),
        pytest.param("k8s/ConfigMap", {"containers": [{"name": "a", "image": "b"}]}, [], id="data"),
    ],
)
def test_where_templates_are(kind: str, body: object, expected: list[tuple[str, str, str]]) -> None:
    assert pointers(kind, body) == expected


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        pytest.param("k8s/Pod", {"spec": SPEC}, "k8s/PodTemplate", id="whole"),
        pytest.param(
            "k8s/Workflow.argoproj.io",
            {"spec": {"templates": [{"container": {"image": "b"}}]}},
            "k8s/PodTemplatePatch",
            id="container without its pod",
        ),
        pytest.param(
            "k8s/TrainJob.trainer.kubeflow.org",
            {"spec": {"podTemplateOverrides": [{"spec": {"serviceAccountName": "a"}}]}},
            "k8s/PodTemplatePatch",
            id="completed from elsewhere",
        ),
    ],
)
def test_what_is_completed_elsewhere_is_a_patch(kind: str, body: object, expected: str) -> None:
    assert [fact.kind for fact in derive(kind, body) if isinstance(fact, Resource)] == [expected]


def test_a_template_that_is_no_object_is_a_gap() -> None:
    (gap,) = derive("k8s/Deployment", {"spec": {"template": "x"}})
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.scope, gap.line) == (GapCause.MALFORMED, "a.yaml", 3)
    assert gap.detail == "k8s/Deployment ml/x: /spec/template is not an object"


def test_a_template_cannot_bring_its_own_owner() -> None:
    template = {"spec": SPEC, "owner": {"kind": "Job"}}
    (fact,) = derive("k8s/Deployment", {"spec": {"template": template}})
    assert isinstance(fact, Resource)
    assert msgspec.json.decode(fact.body)["owner"]["kind"] == "Deployment"


def test_joined_lists() -> None:
    body: dict[str, object] = {"spec": {"initContainers": [1], "containers": None}}
    assert prepare(PLATFORMS.shape_of("k8s/PodTemplate"), body)["allContainers"] == [1]
    assert "allContainers" not in prepare(
        PLATFORMS.shape_of("k8s/PodTemplate"), {"spec": {"containers": {}}}
    )
    assert prepare(PLATFORMS.shape_of("k8s/Pod"), body) is body
    assert join({}, (("spec", "containers"),)) == []


def test_other_platforms_have_no_pods() -> None:
    """A service of a compose file has an image and a command as a container of a pod has."""
    service = {"image": "a", "command": ["b"], "volumes": [], "securityContext": {"x": 1}}
    looks_like_it = {"template": {"spec": SPEC}, "agent": service, **service}
    analysis = PodTemplates({})
    assert list(analysis.derive(resource("docker/ComposeService", looks_like_it))) == []
    assert list(analysis.derive(resource("k8s/Fleet.example.com", looks_like_it))) != []
