"""Planted predictions, and every figure of the report computed once more from the rows."""

import numpy as np
import pytest
from sklearn import metrics

from tuning.protocol.evaluation import MAX_CONFUSED, MAX_POINTS, OutputReport
from tuning.runner.evaluation import bootstrap
from tuning.runner.evaluation.classification import report_classes
from tuning.runner.evaluation.predicted import Predictions

NAMES = ["setosa", "Ö <b>", "virginica"]


def planted(rows: int, classes: int, seed: int = 0) -> Predictions:
    """Probabilities that are right more often than not."""
    random = np.random.default_rng(seed)
    actual = random.integers(0, classes, rows)
    logits = random.normal(size=(rows, classes)) + 2 * np.eye(classes)[actual]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Predictions(actual, shares.argmax(axis=1), shares, probabilities=True)


def scores(report: OutputReport) -> dict[str, float | None]:
    return {score.name: score.value for score in report.scores}


def test_every_class_is_counted_once_more_by_hand() -> None:
    found = planted(500, 3)
    report = report_classes("species", found, NAMES)
    counts = np.zeros((3, 3), int)
    for actual, predicted in zip(found.actual, found.predicted, strict=True):
        counts[actual, predicted] += 1
    assert report.confusion.counts == counts.tolist()
    assert [row.name for row in report.classes] == NAMES
    for place, row in enumerate(report.classes):
        hits = counts[place, place]
        assert (row.support, row.predicted) == (counts[place].sum(), counts[:, place].sum())
        assert row.recall == pytest.approx(hits / counts[place].sum())
        assert row.precision == pytest.approx(hits / counts[:, place].sum())
        assert row.f1 == pytest.approx(2 * hits / (counts[place].sum() + counts[:, place].sum()))
    assert scores(report)["accuracy"] == pytest.approx(np.trace(counts) / 500)
    assert scores(report)["f1_macro"] == pytest.approx(np.mean([r.f1 for r in report.classes]))
    assert scores(report)["roc_auc_ovr"] == pytest.approx(
        metrics.roc_auc_score(found.actual, found.scores, multi_class="ovr")
    )
    assert scores(report)["log_loss"] == pytest.approx(metrics.log_loss(found.actual, found.scores))


def test_rows_that_are_alike_are_drawn_together() -> None:
    """Each row four times, as if four series had the same classes. Drawn one by one, all intervals
    would have half the width of those of the rows themselves."""
    once = planted(400, 3)
    assert once.scores is not None
    four = Predictions(
        once.actual.repeat(4), once.predicted.repeat(4), once.scores.repeat(4, axis=0),
        probabilities=True,
    )  # fmt: skip
    honest, naive, blocks = (
        {score.name: (score.high or 0) - (score.low or 0) for score in report.scores}
        for report in (
            report_classes("y", once, NAMES), report_classes("y", four, NAMES),
            report_classes("y", four, NAMES, block=4),
        )
    )  # fmt: skip
    assert honest.keys() == {"accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr", "log_loss"}
    for name, width in honest.items():
        assert naive[name] == pytest.approx(width / 2, rel=0.15), name
        # Blocks begin at any row, not only at the first of four.
        assert 0.75 * width < blocks[name] < 1.1 * width, name
    few = report_classes("y", four, NAMES, block=400)
    assert {(score.low, score.high) for score in few.scores} == {(None, None)}


def test_an_area_is_the_share_of_pairs_in_the_right_order() -> None:
    found = planted(400, 2)
    report = report_classes("y", found, ["no", "yes"])
    assert found.scores is not None
    yes, no = (found.scores[found.actual == place, 1] for place in (1, 0))
    area = (yes[:, None] > no).mean()
    assert scores(report)["roc_auc"] == pytest.approx(area)
    assert [(curve.kind, curve.of_class) for curve in report.curves] == [
        ("roc", 1), ("precision_recall", 1),
    ]  # fmt: skip
    assert [row.roc_auc for row in report.classes] == [pytest.approx(area)] * 2


@pytest.mark.slow
def test_curves_of_many_rows_are_thinned_and_their_areas_are_not() -> None:
    found = planted(30_000, 2)
    report = report_classes("y", found, ["no", "yes"])
    for curve in report.curves:
        assert 100 < len(curve.x) <= MAX_POINTS
        assert {curve.x[0], curve.x[-1]} == {0.0, 1.0}
        assert abs(np.trapezoid(curve.y, curve.x)) == pytest.approx(curve.area, abs=2e-3)
    assert report.curves[0].area == pytest.approx(
        metrics.roc_auc_score(found.actual, found.scores[:, 1])  # type: ignore[index]
    )


@pytest.mark.slow
def test_the_interval_is_that_of_rows_drawn_anew() -> None:
    found = planted(300, 3)
    report = report_classes("y", found, NAMES)
    again = report_classes("y", found, NAMES)
    assert report == again, "seeded"
    random = np.random.default_rng(7)
    drawn: dict[str, list[float]] = {"accuracy": [], "f1_macro": [], "roc_auc_ovr": []}
    for _ in range(400):
        rows = random.integers(0, 300, 300)
        actual, predicted = found.actual[rows], found.predicted[rows]
        drawn["accuracy"].append(metrics.accuracy_score(actual, predicted))
        drawn["f1_macro"].append(metrics.f1_score(actual, predicted, average="macro"))
        drawn["roc_auc_ovr"].append(
            metrics.roc_auc_score(actual, found.scores[rows], multi_class="ovr")  # type: ignore[index]
        )
    for score in report.scores:
        if score.name in drawn:
            low, high = np.quantile(drawn[score.name], [0.025, 0.975])
            assert (score.low, score.high) == (
                pytest.approx(low, abs=0.012), pytest.approx(high, abs=0.012),
            )  # fmt: skip


def test_calibration_compares_probabilities_with_what_came_true() -> None:
    found = planted(2_000, 2)
    calibration = report_classes("y", found, ["no", "yes"]).calibration
    assert found.scores is not None
    share = found.scores[:, 1]
    lowest = share <= 0.1
    assert sum(calibration.rows) == 2_000
    assert calibration.rows[0] == lowest.sum()
    assert calibration.predicted[0] == pytest.approx(share[lowest].mean(), abs=1e-6)
    assert calibration.observed[0] == pytest.approx(found.actual[lowest].mean(), abs=1e-6)


def test_a_class_without_test_rows_has_no_recall() -> None:
    actual = np.array([0, 0, 1, 1])
    shares = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.2, 0.7, 0.1], [0.3, 0.6, 0.1]])
    found = Predictions(actual, shares.argmax(axis=1), shares, probabilities=True)
    absent = report_classes("y", found, NAMES).classes[2]
    assert (absent.support, absent.predicted, absent.recall) == (0, 1, None)
    assert (absent.precision, absent.roc_auc) == (0.0, None)


def test_one_row_without_scores_has_what_it_can_have() -> None:
    found = Predictions(np.array([1]), np.array([1]))
    report = report_classes("y", found, NAMES)
    assert scores(report) == {"accuracy": 1.0, "balanced_accuracy": 1.0, "f1_macro": 1.0}
    assert (report.curves, report.calibration.rows) == ([], [])
    assert np.isnan(found.confidence).all()


def test_of_many_classes_the_most_confused_are_shown() -> None:
    found = planted(3_000, 60)
    confusion = report_classes("y", found, [str(n) for n in range(60)]).confusion
    wrong = found.actual != found.predicted
    mistakes = [(wrong & ((found.actual == n) | (found.predicted == n))).sum() for n in range(60)]
    shown = {mistakes[place] for place in confusion.classes}
    assert min(shown) >= sorted(mistakes)[-MAX_CONFUSED]
    counts = np.array(confusion.counts)
    assert counts.shape == (MAX_CONFUSED + 1, MAX_CONFUSED + 1)
    assert counts.sum() == 3_000
    first, second = confusion.classes[:2]
    assert counts[0, 1] == ((found.actual == first) & (found.predicted == second)).sum()
    outside = ~np.isin(found.actual, confusion.classes) & ~np.isin(
        found.predicted, confusion.classes
    )
    assert counts[-1, -1] == outside.sum()


def test_outputs_beyond_the_classes_are_called_by_their_numbers() -> None:
    shares = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]])
    found = Predictions(np.array([0, 0]), np.array([3, 0]), shares, probabilities=True)
    report = report_classes("y", found, NAMES)
    assert [row.name for row in report.classes] == [*NAMES, "(output 4)"]
    assert report.confusion.counts[0] == [1, 0, 0, 1]


@pytest.mark.parametrize(("rows", "decimals"), [(6, 3), (90, 3), (90, 1)])
def test_areas_of_resamples_are_those_of_their_rows(rows: int, decimals: int) -> None:
    """With and without rows of equal scores; some resamples lack a class."""
    found = planted(rows, 3)
    assert found.scores is not None
    shares = found.scores.round(decimals)
    is_class = found.actual[:, None] == np.arange(3)
    random = np.random.default_rng(bootstrap.SEED)
    expected = []
    for _ in range(50):
        drawn = random.integers(0, rows, rows)
        pairs = [(is_class[drawn, k], shares[drawn, k]) for k in range(3)]
        areas = [metrics.roc_auc_score(y, s) for y, s in pairs if 0 < y.sum() < rows]
        expected += [np.mean(areas)] if areas else []
    assert bootstrap.areas(found.actual, shares)[:40] == pytest.approx(expected[:40])
