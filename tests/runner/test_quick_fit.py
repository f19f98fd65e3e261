"""The quick `fit` gives Keras's own results, bit by bit, and keeps away where that is unsure."""

import json

import pytest

from .warm import python

pytestmark = pytest.mark.tensorflow


def test_results_are_those_of_keras() -> None:
    done = python("-m", "tests.runner.check_quick_fit")
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert len(found["same"]) == 16
    assert found["left out"] == []
    assert all(found["same"].values()), found["same"]
    assert found["whole"] == list(found["same"]), "and nowhere else"
