"""Weights of rows for estimators: each gets them where its `fit` takes `sample_weight`."""

from typing import Any

import keras_tuner as kt
import numpy as np
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def fit_weighted(estimator: Any, x: Any, y: Any, weights: np.ndarray | None) -> Any:
    """The estimator, fitted. One that takes no weights is fitted without."""
    name = weight_parameter(estimator) if weights is not None else ""
    return estimator.fit(x, y, **({name: weights} if name else {}))


def weight_parameter(estimator: Any) -> str:
    """What the weights are called in its `fit`; of a pipeline, those of the last step. Empty for an
    estimator that takes none."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        inner = weight_parameter(last)
        return f"{step}__{inner}" if inner else ""
    wrapped = getattr(estimator, "estimator", None)
    if isinstance(estimator, BaseSearchCV):
        return weight_parameter(wrapped)
    if not has_fit_parameter(estimator, "sample_weight"):
        return ""
    takes = wrapped is None or has_fit_parameter(wrapped, "sample_weight")
    return "sample_weight" if takes else ""


def unweighted_note(estimator: Any) -> str:
    """A sentence about an estimator that takes no weights; empty for others."""
    if weight_parameter(estimator):
        return ""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return f"{type(last).__name__} takes no row weights, so all rows count the same."


class Weighted:
    """An estimator as KerasTuner fits it: it passes weights to what is no pipeline and has them
    among the arguments of `fit`."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, x: Any, y: Any, sample_weight: np.ndarray | None = None) -> None:
        fit_weighted(self.estimator, x, y, sample_weight)


class WeightedTemplate(kt.HyperModel):
    """Builds what another template builds, so that it is fitted with weights."""

    def __init__(self, template: kt.HyperModel) -> None:
        super().__init__()
        self._template = template

    def build(self, hp: kt.HyperParameters) -> Weighted:
        estimator = self._template.build(hp)
        if note := unweighted_note(estimator):
            print(note)
        return Weighted(estimator)
