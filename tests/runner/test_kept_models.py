"""A trial that is trained with the graphs of an earlier one has the same result, bit by bit."""

import json

import pytest

from .warm import python

pytestmark = pytest.mark.tensorflow


def test_the_results_are_the_same_and_graphs_are_kept_where_that_is_sure() -> None:
    done = python("-m", "tests.runner.check_kept_models")
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert len(found["same"]) == 10
    assert all(found["same"].values()), found["same"]
    assert not any(found["cleared"].values()), "their kernels were kept, too"
    assert found["in_place"] == found["expected"]
    assert not any(found["others"].values()), found["others"]
    with_graphs = {
        "recurrent",
        "own_loss",
        "own_activation",
        "own_layer",
        "own_function",
        "own_step",
    }
    assert set(found["expected"]) - set(found["eager"]) == with_graphs
    assert "with_xla" not in found["eager"]
    assert found["outputs"] == [True, True]
    assert found["graphs"] == 0
    assert found["gradient"] == 0.5
