"""What documents about images come to, form by form, and what is none of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.collectors.images.documents import (
    DIGEST,
    EVERY,
    ID,
    attestation,
    bodies,
    csaf,
    cyclonedx,
    database,
    fault,
    openvex,
    read,
    report,
    result,
    spdx,
    verified,
)

IMAGE = {"digests": [DIGEST], "id": ID, "names": ["r.io/app:1"]}
NO_FINDING: list[Any] = [None, [], [{"Target": "a", "Class": "os-pkgs"}], [{"Target": "a"}]]


def test_a_report_keeps_faults_and_leaves_descriptions() -> None:
    (body,) = bodies(report(result(fault())))
    assert body == {
        "image": IMAGE,
        "scanner": "Trivy",
        "version": "0.76.0",
        "created": "2026-11-20T10:00:00Z",
        "distribution": "alpine 3.23.0",
        "user": "10001",
        "health": [],
        "classes": ["os-pkgs"],
        "faults": [
            {
                "id": "CVE-0000-0001",
                "severity": "critical",
                "package": "libx",
                "installed": "1.0-r0",
                "fixedIn": "1.1-r0",
                "purl": "pkg:apk/alpine/libx@1.0-r0?arch=x86_64&distro=3.23.0",
            }
        ],
    }


def test_a_report_has_of_the_configuration_how_the_image_was_made() -> None:
    document = report()
    document["Metadata"]["ImageConfig"] = {
        "config": {"Env": ["A=b"], "Healthcheck": {"Test": ["CMD", "x"], "Interval": 3}},
        "history": [
            {"created": "2026-11-01T00:00:00Z", "created_by": "RUN a", "comment": "buildkit"},
            {"created_by": "CMD b", "empty_layer": True},
        ],
    }
    (body,) = bodies(document)
    assert (body["user"], body["health"], body["environment"]) == ("", ["CMD", "x"], ["A=b"])
    assert body["history"] == [
        {"createdBy": "RUN a", "comment": "buildkit"},
        {"createdBy": "CMD b", "empty": True},
    ]


@pytest.mark.parametrize("results", NO_FINDING)
def test_a_report_without_findings_says_what_it_is_of(results: object) -> None:
    (body,) = bodies({**report(), "Results": results})
    assert "faults" not in body
    assert body.get("classes", []) == (["os-pkgs"] if results == NO_FINDING[2] else [])


def test_a_report_whose_results_are_absent_is_one_too() -> None:
    whole = report()
    del whole["Results"], whole["Metadata"]
    (body,) = bodies(whole)
    assert body["image"] == {"names": ["r.io/app:1"]}
    assert "user" not in body


def test_several_classes_are_put_together_and_each_fault_is_one() -> None:
    library = {**fault("CVE-0000-0009", "HIGH"), "PkgName": "y"}
    found = report(
        result(fault(), fault()),
        {"Target": "Python", "Class": "lang-pkgs", "Vulnerabilities": [library, library]},
        {"Target": "x", "Class": "config", "Misconfigurations": [{"ID": "DS-0002"}]},
    )
    (body,) = bodies(found)
    assert body["classes"] == ["config", "lang-pkgs", "os-pkgs"]
    assert [each["id"] for each in body["faults"]] == ["CVE-0000-0001", "CVE-0000-0009"]


def test_of_a_secret_its_kind_and_its_place_are_kept() -> None:
    secret = {
        "RuleID": "aws-access-key-id",
        "Title": "AWS Access Key ID",
        "StartLine": 3,
        "Match": "canary-in-match",
        "Code": {"Lines": [{"Content": "canary-in-code"}]},
    }
    found, _, _ = read(report({"Target": "/app/key", "Class": "secret", "Secrets": [secret]}))
    assert b"canary" not in found[0].body
    assert json.loads(found[0].body)["secrets"] == [
        {"what": "AWS Access Key ID", "file": "/app/key", "line": 3}
    ]


def test_what_was_suppressed_says_by_whom() -> None:
    modified = [
        {
            "Type": "vulnerability",
            "Status": "not_affected",
            "Statement": "vulnerable_code_not_present",
            "Source": "OpenVEX",
            "Finding": fault(),
        },
        {"Type": "secret", "Status": "ignored", "Finding": {"RuleID": "key", "Severity": "HIGH"}},
    ]
    (body,) = bodies(report(result(ExperimentalModifiedFindings=modified)))
    assert body["declared"] == [
        {
            "id": "CVE-0000-0001",
            "status": "not_affected",
            "by": "OpenVEX",
            "why": "vulnerable_code_not_present",
            "package": "libx",
            "severity": "critical",
        },
        {"id": "key", "status": "ignored", "severity": "high"},
    ]


def test_a_system_that_gets_no_fixes_is_told() -> None:
    found = report()
    found["Metadata"]["OS"]["EOSL"] = True
    assert bodies(found)[0]["ended"] is True


def test_a_report_about_something_else_is_not_ours() -> None:
    found, gaps, skipped = read(report(ArtifactType="filesystem"))
    assert (found, gaps, skipped) == ([], [], 1)


def test_another_schema_is_a_gap_of_reports() -> None:
    found, gaps, _ = read({**report(), "SchemaVersion": 3})
    assert found == []
    assert [(each.scope, each.cause.value) for each in gaps] == [("image/Report", "unsupported")]
    assert gaps[0].detail == "a.json: a report of Trivy with schema 3, which is not known"


@pytest.mark.parametrize(
    ("value", "kind", "at"),
    [
        ({**report(), "Results": {}}, "image/Report", "$.Results"),
        (report(result(fault(Severity=3))), "image/Report", "Severity"),
        ({**openvex(), "statements": 3}, "image/Statements", "$.statements"),
        ({**csaf(), "vulnerabilities": {}}, "image/Statements", "$.vulnerabilities"),
        (cyclonedx(components={}), "image/Sbom", "$.components"),
        (spdx(packages="x"), "image/Sbom", "$.packages"),
        ({"dsseEnvelope": {"payload": 3, "payloadType": "x"}}, "image/Signature", "payload"),
        (
            {"dsseEnvelope": {"payload": "%", "payloadType": "x"}},
            "image/Signature",
            "not base64",
        ),
    ],
)
def test_what_is_malformed_is_a_gap_of_its_kind(value: object, kind: str, at: str) -> None:
    found, gaps, _ = read(value)
    assert found == []
    assert [(each.scope, each.cause.value) for each in gaps] == [(kind, "malformed")]
    assert at in gaps[0].detail


def test_what_is_cut_off_is_a_gap_of_the_file() -> None:
    for name, value in EVERY.items():
        data = json.dumps(value).encode()
        found, gaps, _ = read(data[: len(data) - 3])
        assert (found, [each.scope for each in gaps]) == ([], ["a.json"]), name


def test_a_document_that_only_mentions_one_is_none() -> None:
    for value in EVERY.values():
        held = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": json.dumps(value)}}
        assert read(held) == ([], [], 1)
        assert read({"held": value}) == ([], [], 1)


def test_an_sbom_of_an_image_says_which_one() -> None:
    made = "2026-11-20T10:00:00Z"
    (first,) = bodies(cyclonedx())
    assert first == {"image": IMAGE, "form": "CycloneDX", "created": made, "packages": 1}
    (second,) = bodies(spdx())
    known = {"digests": [DIGEST], "names": ["r.io/app:1"]}
    assert second == {"image": known, "form": "SPDX", "created": made, "packages": 2}
    folder = cyclonedx(metadata={"component": {"type": "application", "name": "x"}})
    assert bodies(folder) == [{"image": {}, "form": "CycloneDX", "packages": 1}]


def test_statements_of_cyclonedx_name_packages_by_their_references() -> None:
    analysis = {"state": "false_positive", "justification": "code_not_present", "detail": "d"}
    known = {"id": "CVE-0000-0001", "analysis": analysis, "affects": [{"ref": "x"}]}
    linked = {
        "id": "CVE-0000-0002",
        "analysis": {"state": "exploitable", "lastUpdated": "2026-11-25T00:00:00Z"},
        "affects": [{"ref": "urn:cdx:a/1#pkg:apk/alpine/y@2"}],
    }
    bom, said = bodies(cyclonedx(vulnerabilities=[known, linked, {"id": "CVE-0000-0003"}]))
    assert bom["form"] == said["form"] == "CycloneDX"
    assert said["author"] == "acme"
    assert said["statements"] == [
        {
            "faults": ["CVE-0000-0001"],
            "status": "not_affected",
            "products": [
                {"of": f"@{known}", "parts": ["pkg:apk/alpine/libx@1.0-r0?arch=x86_64"]}
                for known in (DIGEST, ID)
            ],
            "at": "2026-11-20T10:00:00Z",
            "why": "code_not_present: d",
        },
        {
            "faults": ["CVE-0000-0002"],
            "status": "affected",
            "products": [{"of": "urn:cdx:a", "parts": ["pkg:apk/alpine/y@2"]}],
            "at": "2026-11-25T00:00:00Z",
        },
    ]


def test_openvex_of_both_versions() -> None:
    (new,) = bodies(openvex(product={"@id": "i", "subcomponents": [{"@id": "pkg:apk/x"}]}))
    old = openvex(product="i", vulnerability="CVE-0000-0001", subcomponents=["pkg:apk/x"])
    assert bodies(old) == [new]
    assert new["statements"] == [
        {
            "faults": ["CVE-0000-0001"],
            "status": "not_affected",
            "products": [{"of": "i", "parts": ["pkg:apk/x"]}],
            "at": "2026-11-21T10:00:00Z",
            "why": "vulnerable_code_not_present",
        }
    ]


def test_csaf_follows_its_tree_of_products() -> None:
    (body,) = bodies(csaf(known_not_affected=["P-1", "P-3", "P-9"], fixed=["P-2"]))
    digest = DIGEST.replace(":", "%3A")
    image, package = f"pkg:oci/app@{digest}", "pkg:apk/alpine/libx@1.0-r0"
    at = {"faults": ["CVE-0000-0001"], "at": "2026-11-22T00:00:00Z"}
    said = {**at, "status": "not_affected"}
    assert body["statements"] == [
        {**said, "products": [{"of": image}], "why": "component_not_present"},
        {**said, "products": [{"of": image, "parts": [package]}], "why": "not built in"},
        {**at, "status": "fixed", "products": [{"of": package}]},
    ]


def test_signatures_say_whether_somebody_verified_them() -> None:
    image = {"digests": [DIGEST]}
    by = "release@acme.example"
    assert bodies(verified()) == [{"image": image, "form": "cosign", "verified": True, "by": by}]
    holds = "https://slsa.dev/provenance/v1"
    assert bodies(attestation()) == [{"image": image, "form": "in-toto", "holds": holds}]
    envelope = attestation()["dsseEnvelope"]
    lines = json.dumps(envelope) + "\n" + json.dumps(envelope) + "\n"
    assert len(bodies(lines.encode())) == 2
    _, bom = bodies(attestation("https://cyclonedx.org/bom/v1.6"))
    assert bom == {"image": image, "form": "CycloneDX"}


def test_a_scanner_without_a_database_is_a_gap() -> None:
    (body,) = bodies(database())
    assert (body["updated"], body["due"]) == ("2026-11-29T12:00:00Z", "2026-11-30T12:00:00Z")
    found, gaps, _ = read(database("0001-01-01T00:00:00Z"))
    assert (found, [each.scope for each in gaps]) == ([], ["image/Database"])
