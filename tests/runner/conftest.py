"""Prepared datasets for the runner's tests, made once."""

from pathlib import Path

import pytest

from tests.services import made_once

from .harness import prepare

BUNDLED = (
    "digits", "breast-cancer", "wine", "iris", "diabetes", "digit-scenes", "robot-arm",
    "pump-sensors", "gestures",
)  # fmt: skip


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Every bundled dataset and the windows of a file, each as its own runner prepared it."""
    return made_once("datasets", _prepare_all)


def _prepare_all(root: Path) -> None:
    file = Path(__file__).parent.parent / "cases" / "windows.npz"
    prepare(root / "work-windows", "windows", file).rename(root / "windows")
    for key in (*BUNDLED, "reviews", "demand"):
        prepare(root / f"work-{key}", key).rename(root / key)


@pytest.fixture(scope="session")
def digits(datasets: Path) -> Path:
    return datasets / "digits"
