"""The Makefile: which Python it takes, what it refuses, when it installs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.services import ROOT, clean_environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with empty lists of requirements."""
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


@pytest.mark.slow
def test_it_installs_only_what_changed(folder: Path) -> None:
    # A stand-in for the environment's Python, whose pip fails for a package of that name.
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"; for last; do :; done; ! grep broken "$last"\n')
    python.chmod(0o755)

    first = make(folder, "venv")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Installing" in first.stdout
    assert make(folder, "venv").stdout == ""

    (folder / "requirements.txt").write_text("broken==1.0")
    failed = make(folder, "venv")
    assert failed.returncode != 0
    assert "The installation failed" in failed.stdout
    assert "broken==1.0" in failed.stdout
    # It is tried again the next time, and once it worked, no more.
    assert "Installing" in make(folder, "venv").stdout
    (folder / "requirements.txt").write_text("sound==1.0")
    assert "--require-hashes --requirement requirements.txt" in python_log(folder)
    assert "Installed in" in make(folder, "venv").stdout
    assert make(folder, "venv").stdout == ""


def python_log(folder: Path) -> str:
    return (folder / ".venv" / "install.log").read_text()
