"""The files that `tune --output` leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tuning.management.outputs import write_model
from tuning.models import SavedModel


@pytest.fixture
def saved() -> SavedModel:
    path = Path(settings.SAVED_MODELS_ROOT) / f"test-output-{os.getpid()}.keras"
    path.write_bytes(b"k" * 1000)
    return SavedModel(file=path.name, size=1000, sha256="ab" * 32)


def test_a_models_file_is_all_that_is_written(saved: SavedModel, tmp_path: Path) -> None:
    output = tmp_path / "best.keras"
    output.write_bytes(b"an earlier one")
    assert write_model(saved, output) == [f"Saved {output} (1,000 bytes, SHA-256 {'ab' * 32})"]
    assert [file.name for file in tmp_path.iterdir()] == ["best.keras"]
    assert output.read_bytes() == b"k" * 1000


@pytest.mark.parametrize(
    ("name", "module"),
    [("best-of 3.keras", "best_of_3_layers"), ("2026-run.keras", "_2026_run_layers")],
)
def test_code_that_the_file_needs_comes_with_it(
    saved: SavedModel, tmp_path: Path, name: str, module: str
) -> None:
    saved.layers_code = "print('registered')"
    said = write_model(saved, tmp_path / name)
    assert f"Write “import {module}” before you load the model." in said[1]
    code = [sys.executable, "-c", f"import {module}"]
    done = subprocess.run(code, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "registered\n"
