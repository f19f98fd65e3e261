"""Transfer learning: a network trained on ImageNet, frozen, with a small tunable head."""

import keras
import keras_tuner as kt

# name: (Keras's function, smallest image side that we use)
BASES = {
    "MobileNetV2": (keras.applications.MobileNetV2, 96),
    "EfficientNetB0": (keras.applications.EfficientNetB0, 64),
    # Its stem refuses images below 75 pixels.
    "InceptionV3": (keras.applications.InceptionV3, 96),
}
# For each task: the activation of the outputs, and the loss.
OUTPUTS = {
    "classification": ("softmax", "sparse_categorical_crossentropy"),
    "multi-label": ("sigmoid", "binary_crossentropy"),
    "regression": (None, "mean_squared_error"),
}


def build_model(
    hp: kt.HyperParameters,
    input_shape: tuple[int, int, int],
    output_units: int,
    task: str,
    max_value: float,
) -> keras.Model:
    """Build one network of the space. It has an output for each class, label or number to predict;
    `max_value` is the brightest value in the images."""
    name = hp.Choice("base", list(BASES))
    # "none" leaves the base at its random start: it shows how much ImageNet's weights bring, and
    # works without a network. "imagenet" downloads them once (14 to 88 MB) and keeps them.
    weights = hp.Choice("weights", ["imagenet", "none"])
    make_base, side = BASES[name]
    side = max(side, *input_shape[:2])

    inputs = keras.Input(input_shape)
    x = preprocess(inputs, name, input_shape, max_value, side)
    base = make_base(
        include_top=False,
        weights=None if weights == "none" else weights,
        input_shape=(side, side, 3),
        pooling=hp.Choice("pooling", ["avg", "max"]),
    )
    base.trainable = False
    # Frozen in the other sense too: its batch normalisation keeps ImageNet's means.
    x = base(x, training=False)
    x = head(hp, x)
    activation, loss = OUTPUTS[task]
    outputs = keras.layers.Dense(output_units, activation=activation)(x)

    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(
            hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
        ),
        loss=loss,
        metrics=metrics_for(task, output_units),
    )
    return model


def metrics_for(task: str, outputs: int) -> list:
    """Metrics by which trials can be compared."""
    if task == "multi-label":
        # The area under the ROC curve of each label, and the mean of all labels.
        auc = keras.metrics.AUC(multi_label=True, num_labels=outputs, name="auc")
        return ["binary_accuracy", auc]
    if task == "regression":
        # R2 does not depend on the units of the targets, of which there may be several.
        return ["mean_absolute_error", *([keras.metrics.R2Score()] if outputs > 1 else [])]
    return ["accuracy"]


def preprocess(
    x: keras.KerasTensor,
    name: str,
    input_shape: tuple[int, int, int],
    max_value: float,
    side: int,
) -> keras.KerasTensor:
    """Three channels, the base's image size, and the range of values it was trained with.

    Layers only, no Lambda: the saved model contains its preprocessing and loads anywhere.
    """
    if input_shape[2] == 1:
        # Grey images: the same picture in red, green and blue.
        x = keras.layers.Concatenate()([x, x, x])
    elif input_shape[2] != 3:
        raise ValueError(f"images need 1 or 3 channels, these have {input_shape[2]}")
    x = keras.layers.Resizing(side, side, interpolation="bilinear")(x)
    if name == "EfficientNetB0":
        # It rescales for itself, from 0..255.
        return keras.layers.Rescaling(255 / max_value)(x)
    return keras.layers.Rescaling(2 / max_value, offset=-1)(x)


def head(hp: kt.HyperParameters, x: keras.KerasTensor) -> keras.KerasTensor:
    """A dense layer and dropout; without the layer the outputs are read off the base directly."""
    has_layer = hp.Boolean("dense_layer", default=True)
    with hp.conditional_scope("dense_layer", [True]):
        units = hp.Int("dense_units", 32, 256, step=2, sampling="log", default=128)
    if has_layer:
        x = keras.layers.Dense(units, activation="relu")(x)
    return keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2))(x)
