"""Fitted estimators as skops files: loading one runs no code that came with it."""

from pathlib import Path
from typing import Any

import numpy as np

from tuning.protocol.model_kinds import ESTIMATOR_FILE
from tuning.protocol.skops_types import VETTED_TYPES
from tuning.runner.failures import CannotSave

from .files import describe, put_in_place

_COMPARED_ROWS = 100


def refuse_unsafe(estimator: Any) -> None:
    """Raise CannotSave if a file of a fitted estimator could not be loaded safely."""
    _written(estimator).unlink()


def save_estimator(estimator: Any, rows: Any, about: dict[str, Any]) -> list[str]:
    """Write the file, with `about` (tuning.protocol.description) in it, under its name once it is
    whole and known to load and to predict alike on `rows`. Returns the vetted types that loading it
    has to trust. Raises CannotSave."""
    import skops.io

    unfinished = _written(estimator)
    describe(unfinished, about)
    types = sorted(skops.io.get_untrusted_types(file=unfinished))
    some = rows[:_COMPARED_ROWS]
    loaded = skops.io.load(unfinished, trusted=types)
    if not np.allclose(estimator.predict(some), loaded.predict(some), equal_nan=True):
        raise CannotSave(
            "The saved estimator predicts something else than the fitted one: some of its state "
            "is not saved with it."
        )
    put_in_place(unfinished, ESTIMATOR_FILE)
    return types


def _written(estimator: Any) -> Path:
    """The estimator's file under another name. What is not vetted leaves none."""
    # Here: it imports all of scikit-learn, which takes more than a second.
    import skops.io

    name, path = type(estimator).__name__, Path("unfinished-" + ESTIMATOR_FILE)
    try:
        skops.io.dump(estimator, path)
        strange = sorted(set(skops.io.get_untrusted_types(file=path)) - VETTED_TYPES)
    except Exception as error:
        path.unlink(missing_ok=True)
        raise CannotSave(f"{name} cannot be saved as a skops file: {error}") from error
    if strange:
        path.unlink()
        raise CannotSave(
            f"{name} holds {', '.join(strange)}, which cannot be saved safely: a file is loaded "
            "again with common classes and functions of scikit-learn alone."
        )
    return path
