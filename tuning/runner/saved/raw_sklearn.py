"""The preprocessing as scikit-learn's own transformers, for models that are saved with skops."""

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from tuning.runner.estimators.building import matrix_rows
from tuning.runner.estimators.columns import selects_columns
from tuning.runner.estimators.texts import text_rows
from tuning.runner.estimators.weighting import fit_weighted
from tuning.runner.inputs.data import Dataset
from tuning.runner.inputs.frames import frame_rows, raw_frame
from tuning.runner.inputs.preprocessing import MAX_INPUT, MISSING, Numbers, Preprocessing


def as_sklearn(preprocessing: Preprocessing, training: np.ndarray) -> ColumnTransformer:
    """Fitted on the raw training rows that `preprocessing` was learned from. Takes a DataFrame of
    raw values (or an object array), missing ones as NaN or None; gives what `apply` gives."""
    numbers = preprocessing.numbers
    categories = [category for category in preprocessing.categories if category.width]
    parts: list[tuple[str, Any, list[int]]] = []
    if len(numbers.kept):
        steps = make_pipeline(
            SimpleImputer(strategy="median"),
            StandardScaler(),
            # Does nothing but clip.
            MinMaxScaler((-MAX_INPUT, MAX_INPUT), clip=True),
        )
        parts.append(("numbers", steps, numbers.places[numbers.kept].tolist()))
    if categories:
        steps = make_pipeline(
            # pandas keeps gaps among strings as either.
            _filled(np.nan),
            _filled(None),
            # What is not in the vocabulary becomes -1, the first input of its column, if any.
            OrdinalEncoder(
                categories=[np.array(c.vocabulary, dtype=object) for c in categories],
                handle_unknown="use_encoded_value",
                unknown_value=-1,
            ),
            OneHotEncoder(
                categories=[
                    np.arange(-1.0 if c.has_other else 0.0, len(c.vocabulary)) for c in categories
                ],
                handle_unknown="ignore",
                sparse_output=False,
            ),
        )
        parts.append(("categories", steps, [category.place for category in categories]))
    transformer = ColumnTransformer(parts, sparse_threshold=0)
    transformer.fit(raw_frame(preprocessing, training))
    if len(numbers.kept):
        _hand_over(numbers, transformer.named_transformers_["numbers"])
    return transformer


def _hand_over(numbers: Numbers, steps: Any) -> None:
    """Give fitted steps what was learned: rare extremes do not count there."""
    imputer, scaler, clipper = (step for _, step in steps.steps)
    kept = numbers.kept
    imputer.statistics_ = numbers.fill[kept].astype(np.float64)
    scaler.mean_ = numbers.mean[kept].astype(np.float64)
    scaler.scale_ = 1 / numbers.scale[kept].astype(np.float64)
    scaler.var_ = scaler.scale_**2
    clipper.fit(np.outer([-MAX_INPUT, MAX_INPUT], np.ones(len(kept))))


def raw_rows(estimator: Any, dataset: Dataset, *parts: str) -> tuple[Any, np.ndarray]:
    """Rows as people have them, for an estimator that `fit_on_raw` returns: a DataFrame of a table
    with raw columns or the texts of one, else a matrix."""
    if dataset.texts:
        return text_rows(estimator, dataset, *parts)
    if dataset.preprocessing is None:
        return matrix_rows(dataset, *parts)
    return frame_rows(dataset, *parts)


def fit_on_raw(
    estimator: Any, dataset: Dataset, x: Any, y: np.ndarray, weights: np.ndarray | None = None
) -> Any:
    """The fitted estimator as `on_raw` gives it; `weights` of the rows count where it takes some.
    Only the estimator learns from all these rows: a
    pipeline's own `fit` would take the preprocessing along, and trials had that from the training
    rows."""
    if _takes_raw(estimator, dataset):
        return fit_weighted(estimator, x, y, weights)
    whole = on_raw(estimator, dataset)
    fit_weighted(estimator, whole[0].transform(x), y, weights)
    return whole


def on_raw(estimator: Any, dataset: Dataset) -> Any:
    """A fitted estimator that takes raw rows: behind the preprocessing if the table has columns and
    the estimator does not select them by itself."""
    if dataset.preprocessing is None or _takes_raw(estimator, dataset):
        return estimator
    return make_pipeline(as_sklearn(dataset.preprocessing, dataset.raw("train")[0]), estimator)


def _takes_raw(estimator: Any, dataset: Dataset) -> bool:
    return (
        dataset.preprocessing is None
        or bool(dataset.texts)
        or selects_columns(estimator, dataset.facts)
    )


def _filled(gap: Any) -> SimpleImputer:
    return SimpleImputer(missing_values=gap, strategy="constant", fill_value=MISSING)
