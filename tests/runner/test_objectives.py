"""The objective of a script, however it is written; the directions that classes of metrics say."""

import json
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.metrics import KERAS_CLASSES

from .objective_scripts import NOTED, SEVERAL, TUNERS
from .warm import python

CASES = Path(__file__).parents[1] / "cases"
CHECK = Path(__file__).parent / "check_objectives.py"

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def found(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("objectives")
    environment = {"PATH": "", "HOME": str(home)}
    done = python(str(CHECK), str(datasets), str(CASES), cwd=home, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    results: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return results


@pytest.mark.parametrize("name", TUNERS)
def test_a_scripts_objective_is_found_however_it_is_written(
    found: dict[str, Any], name: str
) -> None:
    proposed = found["proposed"][name]
    assert (proposed["name"], proposed["direction"]) == TUNERS[name][1]
    assert not proposed["note"]


@pytest.mark.parametrize("name", NOTED)
def test_an_objective_that_cannot_be_used_is_named(found: dict[str, Any], name: str) -> None:
    proposed = found["proposed"][name]
    assert not proposed["name"]
    assert NOTED[name][1] in proposed["note"]


@pytest.mark.parametrize("name", SEVERAL)
def test_lists_of_objectives_are_proposed_as_several(found: dict[str, Any], name: str) -> None:
    """KerasTuner adds them up, whatever their units are."""
    proposed = found["proposed"][name]
    several = [proposed, *proposed["others"]]
    assert [[one["name"], one["direction"]] for one in several] == SEVERAL[name][1]
    assert "KerasTuner would add them up, unscaled." in proposed["note"]


def test_every_metric_of_keras_is_in_the_table(found: dict[str, Any]) -> None:
    assert found["classes"].keys() <= KERAS_CLASSES.keys()
    assert found["classes"] == {name: KERAS_CLASSES[name] for name in found["classes"]}
    assert {name for name, way in found["classes"].items() if not way} == {
        "Mean", "MeanMetricWrapper", "Metric", "Sum",
    }  # fmt: skip


def test_functions_of_keras_are_known_by_themselves(found: dict[str, Any]) -> None:
    losses = {n: way for n, way in found["functions"].items() if n.startswith("losses.")}
    assert set(losses.values()) == {"min"}
    assert "losses.cosine_similarity" in losses
    of_metrics = {n: way for n, way in found["functions"].items() if n.startswith("metrics.")}
    assert set(of_metrics.values()) == {"min", "max"}
    for name, way in of_metrics.items():
        assert way == ("max" if name.endswith(("accuracy", "correlation")) else "min"), name


def test_what_a_metric_computes_agrees(found: dict[str, Any]) -> None:
    """Nothing but values: of a good prediction and of a bad one."""
    known = found["classes"] | found["functions"]
    computed = found["computed"]
    assert {name: known[name] for name in computed} == computed
    left = {name for name, way in known.items() if way} - computed.keys()
    assert left == {"losses.circle", "losses.ctc"}


def test_a_models_metrics_are_known_by_their_classes(found: dict[str, Any]) -> None:
    expected = {
        "a_prc": "max", "a_acc": "max", "a_sub": "max", "a_weighted_prc": "max", "b_mse": "min",
        "b_cosine_similarity": "min", "b_huber_loss": "min", "b_cs": "max",
    }  # fmt: skip
    expected |= {f"val_{name}": way for name, way in expected.items()}
    assert found["model"]["directions"] == expected
    assert "val_a_mine" in found["model"]["reported"]


@pytest.mark.parametrize(
    ("case", "objective"),
    [("f1_metric", ["val_f1_m", "max"]), ("r_square", ["val_r_square", "max"]),
     ("pr_auc", ["", ""])],
)  # fmt: skip
def test_the_objective_of_everyday_scripts_is_proposed(
    found: dict[str, Any], case: str, objective: list[str]
) -> None:
    inspected = found["cases"][case]
    assert [inspected["objective"], inspected["direction"]] == objective


def test_the_area_under_a_curve_of_any_name_is_maximised(found: dict[str, Any]) -> None:
    directions = found["cases"]["pr_auc"]["directions"]
    assert (directions["val_prc"], directions["prc"]) == ("max", "max")
    assert "val_f1_m" not in found["cases"]["f1_metric"]["directions"]
