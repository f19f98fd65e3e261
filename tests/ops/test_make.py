"""The Makefile: which Python it takes, what it refuses, when it installs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT, clean_environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout whose only package is one that lies beside it."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "docker").mkdir()
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "docker" / "requirements-dev.txt").write_text("")
    return tmp_path


def make(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = clean_environment()
    environment.pop("MAKEFLAGS", None)
    environment.pop("MAKELEVEL", None)
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip


def test_help_begins_with_up(folder: Path) -> None:
    done = make(folder)
    assert done.stdout.splitlines()[1].startswith("  make up ")


def test_an_old_python_is_refused_with_a_sentence(folder: Path) -> None:
    old = folder / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\n')
    old.chmod(0o755)
    done = make(folder, "venv", f"PYTHON={old}")
    assert done.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13" in done.stdout
    assert "Python 3.9.2" in done.stdout
    assert not (folder / ".venv").exists()


def test_no_python_at_all(folder: Path) -> None:
    done = make(folder, "venv", "PYTHON=/nowhere/python3")
    assert "/nowhere/python3 is not to be found" in done.stdout


def test_it_installs_only_what_changed(folder: Path) -> None:
    python = f"PYTHON={sys.executable}"
    first = make(folder, "venv", python)
    assert first.returncode == 0, first.stdout + first.stderr
    # Nothing to install: an empty list equals the list that was never installed only by name.
    assert "Installing" in first.stdout
    assert make(folder, "venv", python).stdout == ""

    (folder / "requirements.txt").write_text("no-such-package==1.0 --hash=sha256:" + "0" * 64)
    broken = make(folder, "venv", python, "PIP_NO_INDEX=1")
    assert broken.returncode != 0
    assert "The installation failed" in broken.stdout
    assert "no-such-package" in broken.stdout
    # It is tried again the next time.
    assert "Installing" in make(folder, "venv", python, "PIP_NO_INDEX=1").stdout
