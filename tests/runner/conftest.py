"""Prepared datasets for the runner's tests, made once."""

from pathlib import Path

import pytest

from .harness import prepare

BUNDLED = ("digits", "breast-cancer", "wine", "iris", "diabetes")


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every bundled dataset, each as its own runner prepared it."""
    root = tmp_path_factory.mktemp("prepared")
    for key in BUNDLED:
        prepare(root / f"work-{key}", key).rename(root / key)
    return root


@pytest.fixture(scope="session")
def digits(datasets: Path) -> Path:
    return datasets / "digits"
