"""What may be sent to the REST API of a vCenter: what reads tags, and a session of our own."""

from __future__ import annotations

import pytest

from collectors.http.guard import WriteRefusedError
from collectors.vsphere.live.rest import ASKS, ASSOCIATION, ATTACHED, CATEGORY, SESSION, TAG

ID = "id:urn:vmomi:InventoryServiceTag:0b1c-2d:GLOBAL"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", SESSION),
        ("DELETE", SESSION),
        ("GET", CATEGORY),
        ("GET", TAG),
        ("GET", f"{TAG}/{ID}"),
        ("GET", f"{CATEGORY}/id:urn:vmomi:InventoryServiceCategory:a:GLOBAL"),
        ("POST", f"{ASSOCIATION}?{ATTACHED}"),
    ],
)
def test_what_reads_tags_passes(method: str, url: str) -> None:
    ASKS.check(method, url, "")


WRITES = (
    *("attach", "detach", "attach-multiple-tags-to-object", "detach-multiple-tags-from-object"),
    *("attach-tag-to-multiple-objects", "detach-tag-from-multiple-objects"),
)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        *(("POST", f"{ASSOCIATION}?~action={each}") for each in WRITES),
        *(("POST", f"{ASSOCIATION}/{ID}?~action={each}") for each in WRITES),
        ("POST", f"{ASSOCIATION}?{ATTACHED}&~action=attach"),
        ("POST", f"{ASSOCIATION}?~action=attach&{ATTACHED}"),
        ("POST", f"{ASSOCIATION}?%7Eaction=list-attached-objects-on-tags"),
        ("POST", ASSOCIATION),
        ("POST", CATEGORY),
        ("POST", TAG),
        ("DELETE", f"{TAG}/{ID}"),
        ("PATCH", f"{TAG}/{ID}"),
        ("POST", f"{TAG}/{ID}?~action=add-to-used-by"),
        ("GET", f"{TAG}/{ID}?~action=x"),
        ("GET", f"{TAG}/id:other"),
        ("POST", f"{SESSION}?~action=get"),
        ("GET", SESSION),
        ("GET", "/rest/vcenter/vm"),
        ("DELETE", "/rest/vcenter/vm/vm-1"),
        ("GET", "/api/cis/tagging/tag"),
        ("POST", "/sdk"),
        ("GET", f"{TAG}/../session"),
    ],
)
def test_nothing_else_does(method: str, url: str) -> None:
    with pytest.raises(WriteRefusedError):
        ASKS.check(method, url, "")
