"""What is learned from the training rows of a table, and the inputs that come out."""

from pathlib import Path

import numpy as np
import pytest

from tuning.runner.inputs import preprocessing
from tuning.runner.inputs.data import load_dataset
from tuning.runner.inputs.preprocessing import MOST_VALUES, Preprocessing
from tuning.splits import split_rows

from .harness import SPLIT, project
from .tables import COLUMNS, raw_rows, write_table

NAN = np.nan


def learned(values: list[float], column: dict[str, object]) -> Preprocessing:
    x = np.array(values, dtype=np.float32).reshape(-1, 1)
    return Preprocessing.learn(x, [{"name": "c", "missing": 0, **column}])


def applied(preprocessing: Preprocessing, values: list[float]) -> list[list[float]]:
    return preprocessing.apply(np.array(values, dtype=np.float32).reshape(-1, 1)).tolist()


def test_numbers_get_mean_0_and_variance_1_and_gaps_the_median() -> None:
    number = learned([1, 2, NAN, 2, 9], {"type": "number"})
    inputs = np.array(applied(number, [1, 2, NAN, 2, 9]))
    assert inputs[2] == inputs[1]
    assert inputs.mean() == pytest.approx(0, abs=1e-6)
    assert inputs.std() == pytest.approx(1, abs=1e-6)
    assert (number.min_value, number.max_value) == pytest.approx((inputs.min(), inputs.max()))


@pytest.mark.parametrize("values", [[0.1] * 7, [NAN] * 3, [3e38] * 3, [5]])
def test_a_column_that_never_changes_is_0(values: list[float]) -> None:
    number = learned(values, {"type": "number"})
    assert applied(number, values) == [[0]] * len(values)
    assert np.isfinite(applied(number, [NAN, 0, 1])).all()


def test_large_and_tiny_numbers_do_not_overflow() -> None:
    for factor in (1e30, 1e-30):
        inputs = np.array(applied(learned([factor, 3 * factor], {"type": "number"}),
                                  [factor, 3 * factor]))  # fmt: skip
        assert inputs.ravel() == pytest.approx([-1, 1], abs=1e-5)


def test_values_of_training_rows_have_inputs_and_all_others_share_one() -> None:
    category = learned([0, 2, 2], {"type": "category", "values": ["a", "b", "c"]})
    assert category.facts["feature_names"] == ["c=(other)", "c=a", "c=c"]
    # b is in the data, but not in the training rows; 3 is a value of nobody; then there is a gap.
    assert applied(category, [0, 1, 2, 3, 9, NAN]) == [
        [0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0],
    ]  # fmt: skip


def test_gaps_in_training_rows_are_a_category_of_their_own() -> None:
    category = learned([0, NAN], {"type": "category", "values": ["a", "b"]})
    assert category.facts["feature_names"] == ["c=(other)", "c=(missing)", "c=a"]
    assert applied(category, [0, 1, NAN]) == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_the_most_frequent_values_have_inputs() -> None:
    values = [*range(300), *range(200, 300)]
    names = [str(value) for value in range(300)]
    category = learned([float(v) for v in values], {"type": "category", "values": names})
    assert category.width == MOST_VALUES + 1
    assert category.facts["feature_names"][1:] == [f"c={value}" for value in range(200, 300)]


def test_many_categories_share_a_limit() -> None:
    x = np.tile(np.arange(50, dtype=np.float32)[:, None], 400)
    values = [str(value) for value in range(50)]
    columns = [{"name": str(i), "type": "category", "values": values} for i in range(400)]
    assert Preprocessing.learn(x, columns).width == 400 * 6


def test_many_rows_have_fewer_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocessing, "MOST_VALUE_BYTES", 8_000)
    values = [str(value) for value in range(50)]
    category = learned([*map(float, range(50))] * 2, {"type": "category", "values": values})
    assert category.width == 20 + 1


def test_only_training_rows_teach(tmp_path: Path) -> None:
    """The other rows hold another world, of which nothing may be seen."""
    x = raw_rows(200)
    one = write_table(tmp_path / "one", x, "classification")
    rows = split_rows(np.load(one / "y.npy"), SPLIT)
    others = np.concatenate([rows["validation"], rows["test"]])
    x[np.ix_(others, [0, 1, 2, 4, 6])] += 1e6
    np.save(one / "x.npy", x)
    dataset = load_dataset(project("", one))
    assert dataset.preprocessing
    train, _ = dataset.rows("train")
    numbers = train[:, :5]
    # float32 knows 1,700,000 to an eighth.
    assert numbers.mean(axis=0) == pytest.approx([0] * 5, abs=1e-2)
    assert numbers.std(axis=0) == pytest.approx([1, 1, 1, 0, 1], abs=1e-2)
    # A retraining on more rows sees its training rows exactly as the trials did.
    both, targets = dataset.rows("train", "validation")
    assert np.array_equal(both[: len(train)], train)
    assert len(both) == len(targets) == 170


def test_given_parts_are_kept(tmp_path: Path) -> None:
    folder = write_table(tmp_path / "table", raw_rows(90), "classification")
    np.save(folder / "parts.npy", np.repeat(np.array([2, 0, 1], np.uint8), 30))
    x = np.load(folder / "x.npy")
    dataset = load_dataset(project("", folder, given=True))
    for part, start in (("test", 0), ("train", 30), ("validation", 60)):
        found = dataset.raw(part)[0]
        assert sorted(found[:, 2]) == sorted(x[start : start + 30, 2])
    # Anew, when the project wants that.
    assert len(load_dataset(project("", folder)).raw("train")[0]) == 63


def test_templates_see_the_inputs(tmp_path: Path) -> None:
    folder = write_table(tmp_path / "table", raw_rows(300), "regression")
    dataset = load_dataset(project("", folder, stratified=False))
    x, _ = dataset.rows("train")
    assert dataset.facts["input_shape"] == list(x.shape[1:]) == [5 + 5 + 4]
    assert dataset.facts["feature_names"] == [
        "size (m²)", "price/unit", "price_unit", "always 3", "prepare",
        "Straße=(other)", "Straße=(missing)", "Straße=Ahornweg", "Straße=[UNK]", "Straße=Ö\nx",
        "numbers=(other)", "numbers=a", "numbers=b", "numbers=c",
    ]  # fmt: skip
    assert (dataset.facts["min_value"], dataset.facts["max_value"]) == pytest.approx(
        (x.min(), x.max())
    )
    assert x.dtype == np.float32
    assert len(COLUMNS) == dataset.x.shape[1]
