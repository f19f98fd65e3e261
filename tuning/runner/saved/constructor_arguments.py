"""What a layer or model of a template's own was made with, so that its file can make it again
without a `get_config` of its own.

Keras notes the arguments of a constructor where these are numbers, texts, lists and the like, but
(3.15) `Model.__new__` keeps those of models to itself, and `trainable` and `dtype` join them in the
configuration even if the constructor does not take them.
"""

import inspect
from typing import Any

import keras
from keras.src.models.model import functional_init_arguments
from keras.src.utils import python_utils


def note_constructor_arguments() -> None:
    """From now on Keras notes just what constructors take, those of models as well."""
    original_new, original_config = keras.Model.__new__, keras.layers.Layer.get_config

    def new(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if cls is keras.Model and functional_init_arguments(args, kwargs):
            return original_new(cls, *args, **kwargs)
        return super(keras.Model, cls).__new__(cls, *args, **kwargs)

    @python_utils.default
    def get_config(self: Any) -> dict[str, Any]:
        config: dict[str, Any] = original_config(self)
        if not python_utils.is_default(self.get_config):
            return config
        taken = inspect.signature(type(self).__init__).parameters
        if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values()):
            return config
        return {name: value for name, value in config.items() if name in taken}

    keras.Model.__new__ = new
    keras.layers.Layer.get_config = get_config
