"""Fitted estimators as skops files: loading one runs no code that came with it."""

from pathlib import Path
from typing import Any

import numpy as np
import skops.io

from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.skops_types import VETTED_TYPES

from .failures import TemplateError
from .files import put_in_place

MODEL_FILE = ModelKind.SKLEARN.model_file
_COMPARED_ROWS = 100


def refuse_unsafe(estimator: Any) -> list[str]:
    """The types that a file of this estimator needs beyond those that skops trusts by itself, all
    of them vetted. Raises TemplateError if a file of it could not be loaded safely."""
    try:
        types = skops.io.get_untrusted_types(data=skops.io.dumps(estimator))
    except Exception as error:
        raise TemplateError(
            f"{type(estimator).__name__} cannot be saved as a skops file: {error}"
        ) from error
    strange = sorted(set(types) - VETTED_TYPES)
    if strange:
        raise TemplateError(
            f"{type(estimator).__name__} holds {', '.join(strange)}, which cannot be saved safely: "
            "a file is loaded again with common classes and functions of scikit-learn alone."
        )
    return sorted(types)


def save_estimator(estimator: Any, rows: np.ndarray) -> list[str]:
    """Write the file under its name once it is whole and known to load and to predict alike on
    `rows`. Returns the vetted types that loading it has to trust. Raises TemplateError."""
    types = refuse_unsafe(estimator)
    unfinished = Path("unfinished-" + MODEL_FILE)
    skops.io.dump(estimator, unfinished)
    some = rows[:_COMPARED_ROWS]
    loaded = skops.io.load(unfinished, trusted=types)
    if not np.allclose(estimator.predict(some), loaded.predict(some), equal_nan=True):
        raise TemplateError(
            "The saved estimator predicts something else than the fitted one: some of its state "
            "is not saved with it."
        )
    put_in_place(unfinished, MODEL_FILE)
    return types
