"""Whether a body may name a known image is asked of its bytes, and never too little."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from auditor.analysis.advisories.images import TABLE, KnownImages
from tests.policies.shipped import POLICY

ROWS: Sequence[Mapping[str, Any]] = POLICY.tables[TABLE]
ALONE = [{"component": "x", "images": ["tool"]}, {"component": "y", "images": ["a/other"]}]


@pytest.mark.parametrize("rows", [ROWS, ALONE])
def test_an_image_that_is_known_is_looked_for_however_json_writes_it(
    rows: Sequence[Mapping[str, Any]],
) -> None:
    known = KnownImages(rows)
    paths = [path for row in rows for path in row["images"]]
    for path in paths:
        for reference in (f"{path}:1.2", f"mirror.example/{path}:1.2-3", f"{path}@sha256:00"):
            if not list(known.components(reference)):
                continue
            body = json.dumps({"image": reference})
            for text in (body, body.replace("/", "\\/"), body.replace("/", "\\u002f")):
                assert json.loads(text) == {"image": reference}
                assert known.may_be_in(text.encode()), text
    assert not known.may_be_in(b'{"image":"example.org/nothing/of/it:1"}')
