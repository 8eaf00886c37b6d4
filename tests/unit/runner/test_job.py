"""What a run shares is made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.runner.job import Preparation
from auditor.runner.run import Before, audit
from auditor.runner.settings import Settings, Stamp
from tests.e2e.runs import MOMENT, chosen, collector_of, generate

CHOSEN = chosen()


def test_a_profile_is_compiled_once(tmp_path: Path) -> None:
    preparation = Preparation(CHOSEN)
    assert preparation.ready is preparation.ready
    collector = collector_of(generate(tmp_path / "tree", 2))
    settings = Settings(CHOSEN, "", 1, tmp_path / "spool", None)
    (tmp_path / "spool").mkdir()
    stamp = Stamp("0", "0" * 32, MOMENT, lambda: MOMENT)
    report = audit([collector], settings, stamp, lambda *_: None, before=Before(preparation))
    assert report.profile == "ai-platform"
    with pytest.raises(ValueError, match="no targets"):
        audit([], settings, stamp, lambda *_: None, before=Before(preparation))
