"""Documents about images, as small as their forms allow, and how a recogniser reads them."""

from __future__ import annotations

import base64
import json
from typing import Any

from auditor.model.resource import Gap, Resource
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.images.recogniser import IMAGE_DOCUMENTS

DIGEST = "sha256:" + "ab" * 32
ID = "sha256:" + "cd" * 32


def fault(name: str = "CVE-0000-0001", severity: str = "CRITICAL", **more: Any) -> dict[str, Any]:
    """A fault of libx 1.0-r0, as Trivy writes it."""
    return {
        "VulnerabilityID": name,
        "PkgName": "libx",
        "PkgIdentifier": {"PURL": "pkg:apk/alpine/libx@1.0-r0?arch=x86_64&distro=3.23.0"},
        "InstalledVersion": "1.0-r0",
        "FixedVersion": "1.1-r0",
        "Severity": severity,
        "Description": "long",
        **more,
    }


def result(*faults: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The packages of a system, with faults."""
    return {"Target": "a", "Class": "os-pkgs", "Vulnerabilities": [*faults], **more}


def report(
    *results: dict[str, Any] | None, name: str = "r.io/app:1", **more: Any
) -> dict[str, Any]:
    """A report of Trivy about an image."""
    metadata = {
        "OS": {"Family": "alpine", "Name": "3.23.0"},
        "ImageID": ID,
        "RepoTags": [name],
        "RepoDigests": [f"r.io/app@{DIGEST}"],
        "ImageConfig": {"config": {"User": "10001"}},
    }
    return {
        "SchemaVersion": 2,
        "Trivy": {"Version": "0.76.0"},
        "CreatedAt": "2026-11-20T10:00:00Z",
        "ArtifactName": name,
        "ArtifactType": "container_image",
        "Metadata": metadata,
        "Results": [*results],
        **more,
    }


def openvex(status: str = "not_affected", product: Any = None, **more: Any) -> dict[str, Any]:
    """A document of OpenVEX with one statement."""
    statement = {
        "vulnerability": {"name": "CVE-0000-0001"},
        "products": [product or {"@id": f"pkg:oci/app@{DIGEST}"}],
        "status": status,
        "justification": "vulnerable_code_not_present",
        **more,
    }
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "acme",
        "timestamp": "2026-11-21T10:00:00Z",
        "statements": [statement],
    }


def csaf(**status: list[str]) -> dict[str, Any]:
    """A document of CSAF about an image, P-1, and a package in it, P-3."""
    image = {"purl": f"pkg:oci/app@{DIGEST.replace(':', '%3A')}"}
    whole = {"product_id": "P-1", "product_identification_helper": image}
    part = {"purl": "pkg:apk/alpine/libx@1.0-r0"}
    tree = {
        "branches": [{"branches": [{"product": whole}]}],
        "full_product_names": [{"product_id": "P-2", "product_identification_helper": part}],
        "relationships": [
            {
                "product_reference": "P-2",
                "relates_to_product_reference": "P-1",
                "full_product_name": {"product_id": "P-3"},
            }
        ],
    }
    vulnerability = {
        "cve": "CVE-0000-0001",
        "product_status": status,
        "flags": [{"label": "component_not_present", "product_ids": ["P-1"]}],
        "threats": [{"category": "impact", "details": "not built in", "product_ids": ["P-3"]}],
    }
    about = {
        "csaf_version": "2.0",
        "publisher": {"name": "acme"},
        "tracking": {"current_release_date": "2026-11-22T00:00:00Z"},
    }
    return {"document": about, "product_tree": tree, "vulnerabilities": [vulnerability]}


def cyclonedx(**more: Any) -> dict[str, Any]:
    """A document of CycloneDX about an image with one package."""
    image = {
        "type": "container",
        "name": "r.io/app:1",
        "bom-ref": "image",
        "purl": f"pkg:oci/app@{DIGEST.replace(':', '%3A')}?repository_url=r.io%2Fapp&tag=1",
        "properties": [{"name": "aquasecurity:trivy:ImageID", "value": ID}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {
            "timestamp": "2026-11-20T10:00:00Z",
            "component": image,
            "supplier": {"name": "acme"},
        },
        "components": [
            {"name": "libx", "bom-ref": "x", "purl": "pkg:apk/alpine/libx@1.0-r0?arch=x86_64"}
        ],
        **more,
    }


def spdx(**more: Any) -> dict[str, Any]:
    """A document of SPDX about an image with one package."""
    image = {
        "SPDXID": "SPDXRef-image",
        "name": "r.io/app:1",
        "versionInfo": DIGEST,
        "primaryPackagePurpose": "CONTAINER",
        "externalRefs": [
            {
                "referenceType": "purl",
                "referenceLocator": f"pkg:oci/app@{DIGEST}?repository_url=r.io/app&tag=1",
            }
        ],
    }
    return {
        "spdxVersion": "SPDX-2.3",
        "creationInfo": {"created": "2026-11-20T10:00:00Z"},
        "packages": [image, {"SPDXID": "SPDXRef-x", "name": "libx"}],
        **more,
    }


def attestation(predicate: str = "https://slsa.dev/provenance/v1") -> dict[str, Any]:
    """A Sigstore bundle with a statement about an image."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "r.io/app", "digest": {"sha256": DIGEST.removeprefix("sha256:")}}],
        "predicateType": predicate,
    }
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    envelope = {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "dsseEnvelope": envelope,
    }


def verified() -> list[dict[str, Any]]:
    """What cosign prints of an image whose signature it verified."""
    critical = {
        "identity": {"docker-reference": "r.io/app"},
        "image": {"docker-manifest-digest": DIGEST},
        "type": "cosign container image signature",
    }
    return [{"critical": critical, "optional": {"Subject": "release@acme.example"}}]


def database(updated: str = "2026-11-29T12:00:00Z") -> dict[str, Any]:
    """What Trivy prints of its version."""
    known = {"Version": 2, "UpdatedAt": updated, "NextUpdate": "2026-11-30T12:00:00Z"}
    return {"Version": "0.76.0", "VulnerabilityDB": known}


EVERY = {
    "report": report(result(fault())),
    "openvex": openvex(),
    "csaf": csaf(known_not_affected=["P-1"]),
    "cyclonedx": cyclonedx(),
    "spdx": spdx(),
    "attestation": attestation(),
    "verified": verified(),
    "database": database(),
}


def read(value: object, name: str = "a.json") -> tuple[list[Resource], list[Gap], int]:
    """The resources, the gaps and the number of other documents in a file."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    reading = FileReading("t", name, data, (IMAGE_DOCUMENTS,), Memory())
    found = list(reading.resources())
    return found, list(reading.gaps()), reading.skipped()


def bodies(value: object) -> list[Any]:
    """The bodies of what a document comes to, none of which is a gap."""
    found, gaps, skipped = read(value)
    assert (gaps, skipped) == ([], 0)
    return [json.loads(each.body) for each in found]
