"""The model that a template's own Tuner class leaves behind, and whether it can be downloaded."""

from typing import Any

import keras
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from tuning.runner.estimators.building import in_threads, is_estimator
from tuning.runner.failures import CannotSave
from tuning.runner.saved.loading import unloadable
from tuning.runner.saved.skops_files import refuse_unsafe
from tuning.runner.template.code import Template

from .fitted import transformers_between
from .watch import Watch

RUN_TRIAL = "run_trial"


def left_behind(watch: Watch, function: str = RUN_TRIAL) -> Any:
    """What run_trial gave to save_model, else what it fitted or built last. Raises CannotSave for
    nothing at all and for other kinds of models. `function`: what the template's code is called
    that trains."""
    model = watch.saved_model if watch.saved_model is not None else watch.last_model
    if isinstance(model, keras.Model) or is_estimator(model):
        return model
    if model is None:
        handed = ", or hand over what it trained: self.save_model(trial.trial_id, model)"
        raise CannotSave(
            f"{function} produces no model to download. Let it fit a Keras model or a scikit-learn "
            f"estimator{handed if function == RUN_TRIAL else ''}."
        )
    raise CannotSave(
        f"{function} saves a {type(model).__name__}. Only models of Keras and estimators of "
        "scikit-learn can be downloaded."
    )


def download_note(watch: Watch, template: Template, function: str = RUN_TRIAL) -> str:
    """For the template's page: what can be downloaded of its trials, or why nothing can."""
    try:
        model = left_behind(watch, function)
        if isinstance(model, keras.Model):
            return unloadable(model, template) if model.built else ""
        refuse_unsafe(model)
    except CannotSave as error:
        return f"Trials can run, but none can be retrained into a file. {error}"
    return f"The last fitted {type(model).__name__} of a trial is the model to download."


def estimator_for_rows(
    estimator: Any, watch: Watch, rows: np.ndarray, function: str = RUN_TRIAL
) -> tuple[Any, list[str], bool]:
    """An estimator that takes the dataset's rows, sentences about it, and whether it takes them as
    far as is known: what run_trial does to its inputs by other means than transformers of
    scikit-learn is not in the file. `rows`: those that run_trial was given, one in each row.
    Raises CannotSave if it cannot take them at all."""
    fitted = watch.fit_of(estimator)
    if fitted is None:
        _refuse_other_width(estimator, rows, function)
        return estimator, [], True
    notes = []
    if watch.to_refit is not None:
        x, y = watch.to_refit
        with in_threads():
            estimator = clone(estimator).fit(x, y)
        notes.append(
            f"{function} only cross-validates it: it was fitted once more on all its rows."
        )
    elif 0 < fitted.count < len(rows):
        notes.append(
            f"It was fitted on {fitted.count:,} of {len(rows):,} rows, as {function} divides them."
        )
    steps = transformers_between(rows, watch.transformers, fitted)
    if steps is None:
        _refuse_other_width(estimator, rows, function)
        notes.append(
            f"Its inputs are not the dataset's rows: {function} changes them before the fit. The "
            "file does not do that, so make its inputs in the same way. For the same reason it has "
            "no test scores."
        )
        return estimator, notes, False
    if steps:
        names = " and ".join(type(step).__name__ for step in steps)
        notes.append(f"The file begins with the {names} that {function} fits.")
        estimator = make_pipeline(*steps, estimator)
    return estimator, notes, True


def _refuse_other_width(estimator: Any, rows: np.ndarray, function: str) -> None:
    width = rows.shape[1]
    fitted = getattr(estimator, "n_features_in_", width)
    if fitted != width:
        raise CannotSave(
            f"{function} fits a {type(estimator).__name__} on {fitted:,} features, but the "
            f"dataset's rows have {width:,}. Fit a Pipeline that makes them of the rows."
        )
