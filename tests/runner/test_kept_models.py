"""A trial that is trained with the graphs of an earlier one has the same result, bit by bit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow

ROOT = Path(__file__).resolve().parents[2]


def test_the_results_are_the_same_and_graphs_are_kept_where_that_is_sure() -> None:
    command = [sys.executable, "-m", "tests.runner.check_kept_models"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=300)
    found = json.loads(done.stdout)
    assert len(found["same"]) == 9
    assert all(found["same"].values()), found["same"]
    assert found["in_place"] == found["expected"]
    assert not any(found["others"].values()), found["others"]
    assert found["graphs"] == 0
    assert found["gradient"] == 0.5
