"""Outputs of networks and estimators, in all the forms that they come in."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tuning.runner.evaluation.predicted import NotEvaluable

pytestmark = pytest.mark.tensorflow


def of(loss: Any, outputs: Any, actual: list[int], classes: int) -> Any:
    from tuning.runner.evaluation.predictions import of_network

    return of_network(SimpleNamespace(loss=loss), np.array(outputs), np.array(actual), classes)


def test_logits_become_probabilities() -> None:
    import keras

    logits = [[2.0, 0.0, -1.0], [0.0, 500.0, 0.0]]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = of(loss, logits, [0, 1], 3)
    assert found.probabilities
    assert found.predicted.tolist() == [0, 1]
    powers = np.exp([2.0, 0.0, -1.0])
    assert found.scores[0] == pytest.approx(powers / powers.sum())
    one = of(keras.losses.BinaryCrossentropy(from_logits=True), [[0.4], [-0.4]], [1, 0], 2)
    assert one.predicted.tolist() == [1, 0], "0.4 as a logit is more than one half"
    assert one.confidence == pytest.approx([1 / (1 + np.exp(-0.4))] * 2)


def test_one_sigmoid_unit_is_the_second_class() -> None:
    found = of("binary_crossentropy", [[0.9], [0.2]], [1, 1], 2)
    assert found.predicted.tolist() == [1, 0]
    assert found.scores[:, 1].tolist() == [0.9, 0.2]
    assert found.confidence.tolist() == pytest.approx([0.9, 0.8])
    hinge = of("hinge", [[0.3], [-0.3]], [1, 0], 2)
    assert (hinge.predicted.tolist(), hinge.probabilities) == ([1, 0], False)


def test_scores_that_are_no_probabilities_are_scores() -> None:
    found = of("categorical_hinge", [[3.0, -1.0], [0.5, 2.0]], [0, 1], 2)
    assert (found.predicted.tolist(), found.probabilities) == ([0, 1], False)
    assert found.confidence.tolist() == [3.0, 2.0]


@pytest.mark.parametrize(
    ("outputs", "classes", "text"),
    [
        ([[np.nan, 1.0], [0.0, 1.0]], 2, "NaN or infinity for 1 of 2 rows"),
        ([[0.2], [0.3]], 3, "1 output for 3 classes"),
        ([[0.2, 0.8], [0.3, 0.7]], 3, "2 outputs for 3 classes"),
        ([[0.2, 0.8], [0.3, 0.7]], 0, "2 outputs for one target"),
        ([[0.2]], 2, "1 rows for 2 rows"),
    ],
)
def test_what_is_no_prediction_is_a_sentence(outputs: Any, classes: int, text: str) -> None:
    with pytest.raises(NotEvaluable, match=text):
        of("mse", outputs, [0, 1], classes)


def test_estimators_may_know_fewer_classes_and_say_no_probabilities() -> None:
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.svm import LinearSVC

    from tuning.runner.evaluation.predictions import of_estimator

    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2))
    y = np.where(x[:, 0] > 0, 2, 0)
    found = of_estimator(LogisticRegression().fit(x, y), x, y, 3)
    assert found.probabilities
    assert (found.scores[:, 1] == 0).all()
    three = np.digitize(x[:, 0], [-0.5, 0.5])
    scored = of_estimator(LinearSVC().fit(x, three), x, three, 3)
    assert scored.scores is not None
    assert not scored.probabilities
    two = of_estimator(RidgeClassifier().fit(x, y // 2), x, y // 2, 2)
    assert (two.scores[:, 1] > 0).tolist() == (two.predicted == 1).tolist()  # type: ignore[index]


def test_losses_of_rows_have_keras_mean() -> None:
    import keras

    from tuning.runner.evaluation.predictions import losses

    outputs = np.array([[0.7, 0.3], [0.4, 0.6]], np.float32)
    for loss, targets in (
        ("sparse_categorical_crossentropy", np.array([0, 0])),
        (keras.losses.CategoricalCrossentropy(), np.eye(2, dtype=np.float32)[[0, 0]]),
    ):
        found = losses(SimpleNamespace(loss=loss), outputs, targets)
        assert found == pytest.approx(-np.log([0.7, 0.4]), rel=1e-5)
    assert losses(SimpleNamespace(loss=None), outputs, np.array([0, 0])) is None
