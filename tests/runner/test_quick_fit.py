"""The quick `fit` gives Keras's own results, bit by bit, and keeps away where that is unsure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow

ROOT = Path(__file__).resolve().parents[2]


def test_results_are_those_of_keras() -> None:
    command = [sys.executable, "-m", "tests.runner.check_quick_fit"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=600)
    found = json.loads(done.stdout)
    assert len(found["same"]) == 25
    assert all(found["same"].values()), found["same"]
    assert found["whole"] == list(found["same"]), "and nowhere else"
