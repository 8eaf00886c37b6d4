"""Folders with a key and what it signed, for tests that ask for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.signed import filled, ran


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture(scope="module")
def signed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = filled(tmp_path_factory.mktemp("signed"))
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(ran(folder, "keys", "export", "k.pem").out)
    assert ran(folder, "scan", "pod.yaml", "-q", "--output", "b", "--key", "k.pem").code == 1
    return folder


@pytest.fixture
def signed(signed_once: Path, tmp_path: Path) -> Path:
    """A folder with a bundle that a key in it has signed, and the public half."""
    return Path(shutil.copytree(signed_once, tmp_path, dirs_exist_ok=True))
