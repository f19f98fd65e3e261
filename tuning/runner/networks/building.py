"""A network that a template built: whether it is one, and whether it suits the task."""

from typing import Any

import keras

from tuning.runner.failures import NoModel, TemplateError
from tuning.runner.template.code import Template
from tuning.runner.template.definitions import shown


def refuse_no_model(template: Template, built: Any) -> None:
    """Raise NoModel if the template's builder returned something else than a network."""
    if not isinstance(built, keras.Model):
        raise NoModel(
            f"{template.builder_name} returned {shown(built)}. It must return a compiled Keras "
            "model or a scikit-learn estimator."
        )


def refuse_outputs(template: Template, keras_model: Any) -> None:
    """Raise TemplateError for too few outputs, which may train for a moment, as long as no row of a
    missing class comes along. A `fit` of the template's own may do to the targets what it likes."""
    if not template.fits_by_itself:
        sentence = template.output_misfit(keras_model)
        if sentence:
            raise TemplateError(sentence)
