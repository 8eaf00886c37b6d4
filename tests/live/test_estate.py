"""The example estate is what it says: manifests that kubectl reads, in a sane number of files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.engines.kubectl import Kubectl, decode_each

ESTATE = Path(__file__).parents[2] / "examples/estate"
FILES = sorted(ESTATE.rglob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ESTATE)))
def test_kubectl_reads_each_file(kubectl: Kubectl, path: Path) -> None:
    text = path.read_text()
    read = decode_each(kubectl, [part.encode() for part in text.split("\n---\n")])
    assert [item.error for item in read] == [""] * len(read)
    assert [item.value for item in read] == list(yaml.safe_load_all(text))


def test_every_folder_is_described() -> None:
    readme = (ESTATE / "README.md").read_text()
    folders = {path.parent.relative_to(ESTATE) for path in FILES}
    assert [str(name) for name in sorted(folders) if f"`{name}/`" not in readme] == []
