"""Names that older scripts use and newer Keras and KerasTuner have not, as sentences."""

import re
from typing import Any

# Module -> where its names are today.
_MODULES = {
    "keras.wrappers": "the scikeras package",
    "keras.utils.np_utils": "keras.utils",
    "keras.layers.core": "keras.layers",
    "keras.layers.convolutional": "keras.layers",
    "keras.layers.pooling": "keras.layers",
    "keras.layers.recurrent": "keras.layers",
    "keras.layers.embeddings": "keras.layers",
    "keras.layers.merge": "keras.layers",
    "keras.layers.noise": "keras.layers",
    "keras.layers.wrappers": "keras.layers",
    "keras.layers.normalization": "keras.layers",
    "keras.layers.advanced_activations": "keras.layers",
    "keras.layers.experimental": "keras.layers",
    "keras.experimental": "keras",
    "keras.engine": "keras",
    "tensorflow.contrib": "keras",
    "tensorflow_addons": "keras",
}
# What an exception's text names -> what is there instead.
_NAMES = (
    (r"recognized: \{'lr'", "an optimizer's argument lr", "learning_rate"),
    (r"optimizers?\.legacy", "keras.optimizers.legacy", "keras.optimizers"),
    (r"no attribute 'experimental'", "keras.layers.experimental", "keras.layers"),
    (r"'predict_classes'", "Model.predict_classes", "Model.predict and argmax"),
    (r"'predict_proba'", "Model.predict_proba", "Model.predict"),
    (r"'fit_generator'", "Model.fit_generator", "Model.fit"),
    (r"import name 'np_utils'", "keras.utils.np_utils", "keras.utils"),
    (r"'CuDNN(LSTM|GRU)'", "CuDNN layers", "keras.layers.LSTM and GRU, which use cuDNN anyway"),
    (r"name 'Merge'|no attribute 'Merge'", "the layer Merge", "keras.layers.Concatenate or Add"),
    (r"import name 'ImageDataGenerator'", "keras.preprocessing.image.ImageDataGenerator",
     "keras.layers.RandomFlip, RandomRotation and their like"),
    (r"passed to BatchNormalization: \{'fused'", "an argument of BatchNormalization, fused",
     "nothing: leave it out"),
    (r"arguments passed to \w+: \{'(?:weights|input_length)'", "an argument of layers",
     "layer.set_weights or keras.Input"),
    (r"import name '(?:adam|sgd|rmsprop)'", "optimizers in small letters",
     "keras.optimizers.Adam, SGD and RMSprop"),
)  # fmt: skip
_TUNER_NAMES = (
    (r"'HyperParameters' object has no attribute 'Range'", "hp.Range", "hp.Int"),
    (r"'HyperParameters' object has no attribute 'Linear'", "hp.Linear", "hp.Float with a step"),
)


def removed_module(module: str) -> str:
    """A sentence about a module of an older Keras, or nothing."""
    name = re.sub(r"^tensorflow\.(?=keras\.)|^tf\.(?=keras\.)", "", module)
    for old, now in _MODULES.items():
        if name == old or name.startswith(old + "."):
            return f"The template imports {module}, which Keras 3 has removed. Use {now}."
    return ""


def removed_name(text: str) -> str:
    """A sentence about the text of an exception that an older name raised, or nothing."""
    for names, library in ((_NAMES, "Keras 3"), (_TUNER_NAMES, "KerasTuner")):
        for pattern, old, now in names:
            if re.search(pattern, text):
                return f"The template uses {old}, which {library} has removed. Use {now}."
    return ""


def metrics_by_position(keras_model: Any) -> str:
    """A sentence about `compile("adam", "mse", ["mae"])`, whose third argument was `metrics` before
    Keras 3 and is `loss_weights` today; or nothing."""
    weights = getattr(getattr(keras_model, "_compile_loss", None), "_user_loss_weights", None)
    parts = weights if isinstance(weights, list | tuple) else [weights]
    if not any(isinstance(part, str) or callable(part) for part in parts):
        return ""
    return (
        "The template gives its metrics to model.compile() as the third argument, which Keras 3 "
        "takes for loss_weights. Write metrics=[...]."
    )
