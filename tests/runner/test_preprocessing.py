"""What is learned from the training rows of a table, and the inputs that come out."""

from pathlib import Path

import numpy as np
import pytest

from tuning.runner.failures import BadData
from tuning.runner.inputs import preprocessing
from tuning.runner.inputs.data import load_dataset
from tuning.runner.inputs.preprocessing import MAX_VALUES, Preprocessing
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


def learned_beside_another(values: list[float], column: dict[str, object]) -> Preprocessing:
    """Of two columns; the second one varies, so that there is something to learn."""
    x = np.column_stack([values, np.arange(len(values))]).astype(np.float32)
    return Preprocessing.learn(x, [{"name": "c", **column}, {"name": "n", "type": "number"}])


@pytest.mark.parametrize(
    "values",
    [[0.1] * 7, [NAN] * 3, [3e38] * 3, [1.7e9] * 3 + [1.7e9 + 128], [*[0.0] * 999, 224.0]],
    ids=["0.1", "missing", "huge", "one float32 apart", "once in 1,000 rows"],
)
def test_a_number_that_hardly_ever_changes_has_no_input(values: list[float]) -> None:
    number = learned_beside_another(values, {"type": "number"})
    assert number.facts["feature_names"] == ["n"]
    assert number.facts["input_shape"] == [1]
    assert number.note == ("Excluded because the value is constant in the training rows: c.")


def test_rare_extremes_neither_widen_the_scale_nor_come_out_large() -> None:
    values = [*np.linspace(-1, 1, 999), 1e6]
    inputs = np.array(applied(learned(values, {"type": "number"}), [*values, -1e9]))
    assert inputs[:999].std() == pytest.approx(1, rel=0.01)
    assert inputs[-2:].tolist() == [[10], [-10]]


def test_a_table_without_anything_to_learn_from_is_refused() -> None:
    with pytest.raises(BadData, match="All columns are constant"):
        learned([5, 5, 5], {"type": "number"})


def test_large_and_tiny_numbers_do_not_overflow() -> None:
    for factor in (1e30, 1e-30):
        inputs = np.array(applied(learned([factor, 3 * factor], {"type": "number"}),
                                  [factor, 3 * factor]))  # fmt: skip
        assert inputs.ravel() == pytest.approx([-1, 1], abs=1e-5)


LETTERS = {"type": "category", "values": ["a", "b", "c"]}


def test_values_of_training_rows_have_inputs_and_all_others_share_one() -> None:
    # b is in the dataset, but not in the training rows; d is in one of them.
    category = learned([0, 0, 2, 2, 3], {"type": "category", "values": ["a", "b", "c", "d"]})
    assert category.facts["feature_names"] == ["c=(other)", "c=a", "c=c"]
    # 4 is a value that the dataset does not have; then one is missing.
    assert applied(category, [0, 1, 2, 3, 4, 9, NAN]) == [
        [0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0],
    ]  # fmt: skip


def test_unknown_values_are_all_zeros_where_no_training_row_is_like_them() -> None:
    category = learned([0, 0, 2, 2], LETTERS)
    assert category.facts["feature_names"] == ["c=a", "c=c"]
    assert applied(category, [0, 1, 9, NAN]) == [[1, 0], [0, 0], [0, 0], [0, 0]]


def test_missing_values_in_training_rows_are_a_category_of_their_own() -> None:
    category = learned([0, 0, 1, NAN, NAN], LETTERS)
    assert category.facts["feature_names"] == ["c=(other)", "c=(missing)", "c=a"]
    assert applied(category, [0, 1, NAN]) == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_a_category_that_hardly_ever_changes_has_no_input() -> None:
    values = [0.0] * 999
    assert learned_beside_another([*values, 1.0], LETTERS).facts["feature_names"] == ["n"]
    assert learned_beside_another([*values, NAN], LETTERS).facts["feature_names"] == ["n"]
    # Of three values, the rarest has none.
    third = learned_beside_another([0.0] * 500 + [1.0] * 499 + [2.0], LETTERS)
    assert third.facts["feature_names"] == ["n", "c=a", "c=b"]


def test_the_most_frequent_values_have_inputs() -> None:
    values = [*range(150), *range(50, 150)]
    names = [str(value) for value in range(150)]
    category = learned([float(v) for v in values], {"type": "category", "values": names})
    assert category.width == MAX_VALUES + 1
    assert category.facts["feature_names"][1:] == [f"c={value}" for value in range(50, 150)]


def test_estimators_keep_what_hardly_any_row_has(tmp_path: Path) -> None:
    x = raw_rows(2_000)
    folder = write_table(tmp_path / "table", x, "regression")
    dataset = load_dataset(project("", folder, stratified=False))
    flag = np.zeros(2_000, np.float32)
    flag[dataset.places["train"][0]] = 1
    x[:, 0] = flag
    np.save(folder / "x.npy", x)
    network = load_dataset(project("", folder, stratified=False))
    estimator = network.for_estimators()
    assert "size (m²)" not in network.facts["feature_names"]
    at = estimator.facts["feature_names"].index("size (m²)")
    inputs = estimator.rows("train")[0][:, at]
    assert inputs[0] == 10
    assert np.abs(inputs[1:]).max() < 0.1
    assert estimator.facts["input_shape"] == [network.facts["input_shape"][0] + 1]


def test_estimators_keep_rare_values_but_not_constant_columns() -> None:
    values = np.array([*[0.0] * 1_998, 1.0, 1.0], np.float32)
    x = np.column_stack([values, values, np.zeros(2_000), np.arange(2_000)]).astype(np.float32)
    numbers = {"type": "number"}
    columns = [
        {"name": "letter", **LETTERS},
        {"name": "flag", **numbers},
        {"name": "zero", **numbers},
        {"name": "n", **numbers},
    ]
    learned = Preprocessing.learn(x, columns, keeps_rare=True)
    assert learned.facts["feature_names"] == ["flag", "n", "letter=a", "letter=b"]
    assert learned.note.endswith("training rows: zero.")
    assert Preprocessing.learn(x, columns).note.endswith("training rows: flag, zero, letter.")


def test_many_categories_share_a_limit() -> None:
    x = np.tile(np.arange(100, dtype=np.float32)[:, None] // 2, 400)
    values = [str(value) for value in range(50)]
    columns = [{"name": str(i), "type": "category", "values": values} for i in range(400)]
    assert Preprocessing.learn(x, columns).width == 400 * 6


def test_many_rows_have_fewer_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocessing, "MAX_VALUE_BYTES", 8_000)
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
    numbers = train[:, :4]
    # float32 knows 1,700,000 to an eighth.
    assert numbers.mean(axis=0) == pytest.approx([0] * 4, abs=1e-2)
    assert numbers.std(axis=0) == pytest.approx([1] * 4, abs=1e-2)
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
    assert dataset.facts["input_shape"] == list(x.shape[1:]) == [4 + 4 + 3]
    assert dataset.facts["feature_names"] == [
        "size (m²)", "price/unit", "price_unit", "prepare",
        "Straße=(missing)", "Straße=Ahornweg", "Straße=[UNK]", "Straße=Ö\nx",
        "numbers=a", "numbers=b", "numbers=c",
    ]  # fmt: skip
    assert (dataset.facts["min_value"], dataset.facts["max_value"]) == pytest.approx(
        (x.min(), x.max())
    )
    assert x.dtype == np.float32
    assert len(COLUMNS) == dataset.x.shape[1]
