"""Images that are used, joined with what documents say of them; and what is declared of faults."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.analysis.docker.compose import ComposeServices
from auditor.analysis.images.joining import Images, of_scanned, of_uses
from auditor.analysis.workloads import PodTemplates
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Owner, Resource
from auditor.runner.rows import joined
from tests.policies.shipped import POLICY
from tests.unit.analysis.estate.layers import resource
from tests.unit.analysis.joining import rows_of
from tests.unit.collectors.images.documents import (
    DIGEST,
    ID,
    attestation,
    csaf,
    cyclonedx,
    database,
    fault,
    openvex,
    read,
    report,
    result,
    verified,
)

TEMPLATES = PodTemplates(POLICY.tables)
OTHER = "sha256:" + "ef" * 32
Body = dict[str, Any]


def every(*parts: Resource | object) -> Iterable[Resource]:
    """Resources, and those of documents, with the facts of objects."""
    for number, part in enumerate(parts):
        found = [part] if isinstance(part, Resource) else read(part, f"{number}.json")[0]
        for each in found:
            yield each
            yield from (fact for fact in TEMPLATES.derive(each) if isinstance(fact, Resource))


def derived(analysis: Images, *parts: Resource | object) -> list[Fact | Gap]:
    """What all of it comes to on a day."""
    lines = sorted(rows_of(analysis, every(*parts)))
    return [
        found
        for _, groups in joined((analysis.on("2026-11-30"),), lines)
        for found in analysis.on("2026-11-30").derive(groups)
    ]


def scanned(*parts: Resource | object) -> dict[str, Body]:
    """The facts about images with reports, by whose they are."""
    found: dict[str, Body] = {}
    for each in derived(of_scanned({}), *parts):
        assert isinstance(each, Fact)
        body = json.loads(each.body)
        assert body["by"] not in found
        found[body["by"]] = body
    return found


def one(*parts: Resource | object) -> Body:
    ((_, body),) = scanned(*parts).items()
    return body


def deployment(image: Any = "r.io/app:1", name: str = "web") -> Resource:
    container = {"name": False, "image": image}
    body = {
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [container]}}},
    }
    return resource("k8s/Deployment", name, body, namespace="ml")


def pod(image: str, image_id: str, owner: Owner | None = None, phase: str = "Running") -> Resource:
    body = {
        "spec": {"containers": [{"name": "c", "image": image}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "c", "imageID": image_id}]},
    }
    made = resource("k8s/Pod", "web-5d9-x", body, namespace="ml", controller=owner)
    return replace(made, labels=(("pod-template-hash", "5d9"),))


REPLICAS = Owner("apps/v1", "ReplicaSet", "ml", "web-5d9")


def test_a_report_is_of_whose_image_it_is() -> None:
    body = one(report(result(fault(), fault("CVE-0000-0002", "HIGH"))), deployment())
    assert body["by"] == "Deployment ml/web"
    assert (body["criticalCount"], body["highCount"]) == (1, 1)
    assert body["critical"][0]["id"] == "CVE-0000-0001"
    assert (body["joined"], body["digest"]) == ("tag", DIGEST)
    assert (body["created"], body["age"]) == ("2026-11-20", 10)
    assert body["ended"] is False


def test_each_owner_has_its_own_and_its_pods_have_none() -> None:
    found = scanned(
        report(result(fault())),
        deployment(name="web"),
        deployment(name="other"),
        pod("r.io/app:1", f"r.io/app@{DIGEST}", REPLICAS),
        pod("r.io/app:1", f"r.io/app@{DIGEST}"),
    )
    assert {by: body["joined"] for by, body in found.items()} == {
        "Deployment ml/web": "digest",
        "Deployment ml/other": "tag",
        "Pod ml/web-5d9-x": "digest",
    }


@pytest.mark.parametrize(
    ("image", "image_id", "how"),
    [
        ("r.io/app:1", f"docker-pullable://r.io/app@{DIGEST}", "digest"),
        ("mirror.example/x:7", f"mirror.example/x@{DIGEST}", "digest"),
        ("r.io/app:1", f"docker://{ID}", "digest"),
        ("r.io/app:1", "", "tag"),
        ("r.io/app:1", f"r.io/app@{OTHER}", ""),
        ("r.io/app:2", "", ""),
        (f"r.io/app:1@{OTHER}", "", ""),
        (f"r.io/app@{DIGEST}", "", "digest"),
    ],
)
def test_a_digest_goes_before_a_tag(image: str, image_id: str, how: str) -> None:
    found = scanned(report(), pod(image, image_id))
    joined_by = {by: body["joined"] for by, body in found.items()}
    assert joined_by == ({"Pod ml/web-5d9-x": how} if how else {"": "digest"})


def test_pods_that_have_ended_use_nothing() -> None:
    assert [*scanned(report(), pod("r.io/app:1", "", phase="Succeeded"))] == [""]


def test_a_field_of_another_type_leaves_the_others() -> None:
    assert [*scanned(report(), deployment(7), deployment(name="b"))] == ["Deployment ml/b"]


def test_a_container_is_known_by_the_id_of_its_image() -> None:
    container = {"Image": ID, "Config": {"Image": "local:1"}, "HostConfig": {}}
    found = scanned(report(), resource("docker/Container", "web", container))
    assert {by: body["joined"] for by, body in found.items()} == {"container web": "digest"}


def test_an_engine_says_which_digests_an_id_has() -> None:
    other = "sha256:" + "12" * 32
    container = {"Image": other, "Config": {"Image": "r.io/app:1"}}
    known = {"Id": other, "RepoDigests": [f"r.io/app@{DIGEST}"], "RepoTags": ["r.io/app:1"]}
    used = resource("docker/Container", "web", container)
    assert [*scanned(report(), used)] == [""], "of two ids a tag in common says nothing"
    assert [*scanned(report(), used, resource("docker/Image", other, known))] == ["container web"]


def test_services_of_compose_files_use_images() -> None:
    service = resource("docker/ComposeService", "web", {"image": "r.io/app:1"})
    facts = [each for each in ComposeServices({}).derive(service) if isinstance(each, Resource)]
    assert [*scanned(report(), *facts)] == ["service web"]


def test_the_newest_report_counts() -> None:
    old = report(result(fault()), CreatedAt="2026-10-01T00:00:00Z")
    new = report(result(), CreatedAt="2026-11-01T00:00:00Z")
    assert one(new, old, deployment())["criticalCount"] == 0
    assert one(old, new, deployment())["age"] == 29


def test_the_newest_is_found_by_time_and_its_age_by_days_of_utc() -> None:
    """Trivy writes the zone of its machine: ``findings/trivy-reports-in-local-time.sh``."""
    old = report(result(fault()), CreatedAt="2026-11-02T04:55:01.87071586+09:00")
    new = report(result(), CreatedAt="2026-11-01T20:00:00Z")
    for both in ((new, old), (old, new)):
        assert one(*both, deployment())["criticalCount"] == 0
    body = one(old, deployment())
    assert (body["created"], body["age"]) == ("2026-11-01", 29)


def test_faults_without_a_fix_are_counted_apart() -> None:
    unfixed = fault("CVE-0000-0007", FixedVersion="")
    body = one(report(result(fault(), unfixed, fault("CVE-0000-0008", "MEDIUM"))))
    assert (body["criticalCount"], body["highCount"], body["unfixed"]) == (1, 0, 1)


def test_a_report_without_packages_says_nothing_of_faults() -> None:
    assert "has no packages" in one(report())["unknown"]
    assert "unknown" not in one(report(result()))


IMAGE = f"pkg:oci/app@{DIGEST.replace(':', '%3A')}"
LIBX = "pkg:apk/alpine/libx"


@pytest.mark.parametrize(
    ("product", "applies"),
    [
        ({"@id": IMAGE}, True),
        ({"@id": f"r.io/app@{DIGEST}"}, True),
        ({"@id": "x", "identifiers": {"purl": IMAGE}}, True),
        ({"@id": f"pkg:oci/app@{OTHER}"}, False),
        ({"@id": "pkg:oci/app?tag=1&repository_url=r.io/app"}, False),
        ({"@id": "r.io/app:1"}, False),
        ({"@id": IMAGE, "subcomponents": [{"@id": f"{LIBX}@1.0-r0"}]}, True),
        ({"@id": IMAGE, "subcomponents": [{"@id": f"{LIBX}@1.0-r1"}]}, False),
        ({"@id": IMAGE, "subcomponents": [{"@id": "pkg:apk/alpine/liby"}]}, False),
        ({"@id": LIBX}, True),
        ({"@id": f"{LIBX}@1.0-r0?arch=x86_64"}, True),
        ({"@id": f"{LIBX}@1.0-r0?arch=aarch64"}, False),
        ({"@id": "pkg:apk/wolfi/libx@1.0-r0"}, False),
        ({"@id": "libx"}, False),
        ({"@id": ""}, False),
        ("", False),
    ],
)
def test_a_statement_applies_to_what_it_names(product: object, applies: object) -> None:
    vex = openvex(product=product) if product else {**openvex()}
    if not product:
        vex["statements"][0]["products"] = []
    body = one(report(result(fault())), vex)
    assert body["criticalCount"] == (0 if applies else 1)
    assert [each["id"] for each in body["declared"]] == (["CVE-0000-0001"] if applies else [])


def test_what_is_declared_is_shown_with_who_says_so_and_when() -> None:
    body = one(report(result(fault())), openvex())
    assert body["declared"] == [
        {
            "id": "CVE-0000-0001",
            "status": "not_affected",
            "by": "acme",
            "at": "2026-11-21T10:00:00Z",
            "why": "vulnerable_code_not_present",
            "package": "libx",
            "severity": "critical",
        }
    ]


@pytest.mark.parametrize("status", ["affected", "under_investigation", "", "unheard of"])
def test_other_statuses_settle_nothing(status: str) -> None:
    body = one(report(result(fault())), openvex(status))
    assert (body["criticalCount"], body["declared"]) == (1, [])


def test_the_latest_statement_counts() -> None:
    later = openvex("affected", timestamp="2026-11-25T00:00:00Z")
    undated = openvex("affected")
    del undated["timestamp"]
    faulty = report(result(fault()))
    assert one(faulty, openvex(), later)["criticalCount"] == 1
    assert one(faulty, later, openvex())["criticalCount"] == 1
    assert one(faulty, undated, openvex())["criticalCount"] == 0


def test_the_latest_counts_whatever_the_fault_is_called() -> None:
    """Others sort by the name first (``findings/openvex-names-before-times.sh``)."""
    first = {"name": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-0000-0001"]}
    other = openvex(vulnerability=first, timestamp="2026-01-01T00:00:00Z")
    later = openvex("affected", timestamp="2026-06-01T00:00:00Z")
    both = {**other, "statements": [*other["statements"], *later["statements"]]}
    assert one(report(result(fault())), both)["criticalCount"] == 1
    assert one(report(result(fault())), other)["criticalCount"] == 0


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-03-01T01:00:00+02:00", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "2026-02-28T18:00:01-06:00"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00.647787998Z"),
        ("2026-03-01", "2026-03-01T00:00:01Z"),
        ("unheard of", "2026-03-01T00:00:00Z"),
        ("", "0001-01-02T00:00:00Z"),
    ],
)
def test_times_are_compared_as_such(earlier: str, later: str) -> None:
    faulty = report(result(fault()))
    settles, opens = openvex(timestamp=earlier), openvex("affected", timestamp=later)
    settles["timestamp"] = earlier
    assert one(faulty, settles, opens)["criticalCount"] == 1
    settles, opens = openvex(timestamp=later), openvex("affected", timestamp=earlier)
    opens["timestamp"] = earlier
    assert one(faulty, settles, opens)["criticalCount"] == 0


def test_of_two_at_one_time_the_one_that_settles_nothing_counts() -> None:
    faulty = report(result(fault()))
    for one_of, other in (("affected", "not_affected"), ("not_affected", "affected")):
        assert one(faulty, openvex(one_of), openvex(other))["criticalCount"] == 1


def test_when_a_statement_was_last_touched_puts_it_after_no_other() -> None:
    """Nor when its document was: it was known to be true when it says, or when that was made."""
    faulty = report(result(fault()))
    later = openvex("affected", timestamp="2026-11-25T00:00:00Z")
    touched = openvex(last_updated="2026-12-01T00:00:00Z")
    touched["last_updated"] = "2026-12-01T00:00:00Z"
    assert one(faulty, touched, later)["criticalCount"] == 1
    assert one(faulty, touched)["criticalCount"] == 0


def test_statements_of_all_forms_settle_the_same() -> None:
    analysis = {"state": "not_affected"}
    known = {"id": "CVE-0000-0001", "analysis": analysis, "affects": [{"ref": "x"}]}
    for vex in (
        openvex(),
        csaf(known_not_affected=["P-1"]),
        csaf(known_not_affected=["P-3"]),
        csaf(fixed=["P-2"]),
        cyclonedx(vulnerabilities=[known]),
    ):
        body = one(report(result(fault())), vex)
        assert (body["criticalCount"], len(body["declared"])) == (0, 1)
        assert body["declared"][0]["by"] == "acme"


SERIAL = "3e671687-395b-41f5-a30f-a58921a69b79"


def of_bom(reference: str) -> dict[str, Any]:
    """A document of CycloneDX with one statement, about what a reference leads to."""
    said = {"id": "CVE-0000-0001", "analysis": {"state": "not_affected"}}
    said["affects"] = [{"ref": reference}]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": [said]}


@pytest.mark.parametrize(
    ("reference", "settles"),
    [
        (f"urn:cdx:{SERIAL}/1#pkg:apk/alpine/libx@1.0-r0", True),
        (f"urn:cdx:{SERIAL.upper()}/7#pkg:apk%2Falpine%2Flibx@1.0-r0", True),
        (f"urn:cdx:{SERIAL}/1#pkg:apk/alpine/liby@1.0-r0", False),
        (f"urn:cdx:{SERIAL}/1", False),
        (f"urn:cdx:{SERIAL[:-1]}/1#pkg:apk/alpine/libx@1.0-r0", False),
        ("pkg:apk/alpine/libx@1.0-r0", True),
        ("x", False),
        ("", False),
    ],
)
def test_a_link_into_an_sbom_is_about_its_image_alone(reference: str, *, settles: bool) -> None:
    faulty, bom = report(result(fault())), cyclonedx(serialNumber=f"urn:uuid:{SERIAL}")
    assert one(faulty, bom, of_bom(reference))["criticalCount"] == int(not settles)
    if reference.startswith("urn:"):
        other = cyclonedx(serialNumber=f"urn:uuid:{SERIAL}", metadata={})
        assert one(faulty, other, of_bom(reference))["criticalCount"] == 1


def test_statements_in_an_sbom_are_about_its_image_alone() -> None:
    known = {"id": "CVE-0000-0001", "analysis": {"state": "not_affected"}}
    known["affects"] = [{"ref": "x"}]
    image = {"type": "container", "purl": "pkg:oci/other@sha256:" + "0" * 64}
    other = cyclonedx(vulnerabilities=[known], metadata={"component": image})
    assert one(report(result(fault())), other)["criticalCount"] == 1
    nobody = cyclonedx(vulnerabilities=[known], metadata={})
    assert one(report(result(fault())), nobody)["criticalCount"] == 1


def test_sboms_and_signatures_are_found_by_the_digest() -> None:
    assert (one(report())["hasSbom"], one(report())["signature"]) == (False, "")
    body = one(report(), cyclonedx(), attestation())
    assert (body["hasSbom"], body["signature"]) == (True, "unverified")
    assert one(report(), attestation(), verified())["signature"] == "verified"
    elsewhere = report(Metadata={"RepoDigests": [f"r.io/app@{OTHER}"]})
    assert one(elsewhere, verified(), cyclonedx())["signature"] == ""


def test_the_age_of_the_database_is_known_where_something_says_it() -> None:
    assert "databaseAge" not in one(report())
    assert one(report(), database())["databaseAge"] == 1


def test_an_image_that_no_report_is_about_is_a_gap() -> None:
    found = derived(of_uses({}), report(), deployment(), deployment("r.io/b:1", "b"))
    facts = [json.loads(each.body) for each in found if isinstance(each, Fact)]
    assert [(each["image"], each["scanned"]) for each in facts] == [
        ("r.io/app:1", True),
        ("r.io/b:1", False),
    ]
    (gap,) = [each for each in found if isinstance(each, Gap)]
    assert (gap.target, gap.scope) == ("t", "image/Report")
    assert gap.detail == "no report is about r.io/b:1, which Deployment ml/b uses"


def test_gaps_are_told_by_their_number_in_the_end() -> None:
    many = [deployment(f"r.io/a:{number}", f"d{number}") for number in range(105)]
    found = derived(of_uses({}), *many)
    gaps = [each for each in found if isinstance(each, Gap)]
    assert len(gaps) == 101
    assert gaps[-1].detail == "no report is about 5 more images"
