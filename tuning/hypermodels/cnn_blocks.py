"""Two convolutional blocks with tunable poolings, and augmentation that can be switched on."""

import keras
import keras_tuner as kt

BLOCKS = 2
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
    inputs = keras.Input(input_shape)
    x = keras.layers.Rescaling(1 / max_value)(inputs)
    x = augment(hp, x)
    for block in range(1, BLOCKS + 1):
        x = convolutional_block(hp, x, block)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(hp.Int("dense_units", 32, 160, step=32, default=96), "relu")(x)
    x = keras.layers.Dropout(hp.Float("dense_dropout", 0.0, 0.5, step=0.1, default=0.2))(x)
    activation, loss = OUTPUTS[task]
    outputs = keras.layers.Dense(output_units, activation=activation)(x)

    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(
            hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=2e-3)
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


def augment(hp: kt.HyperParameters, x: keras.KerasTensor) -> keras.KerasTensor:
    """Show slightly different images in each epoch. These layers do nothing after training."""
    augmented = hp.Boolean("augmentation", default=False)
    with hp.conditional_scope("augmentation", [True]):
        flip = hp.Boolean("flip", default=False)  # Not for digits and letters.
        rotation = hp.Float("rotation", 0.0, 0.1, step=0.02, default=0.02)
        shift = hp.Float("shift", 0.0, 0.2, step=0.05, default=0.05)
    if not augmented:
        return x
    if flip:
        x = keras.layers.RandomFlip("horizontal")(x)
    # In fractions of a full turn and of the image's size.
    x = keras.layers.RandomRotation(rotation, fill_mode="nearest")(x)
    return keras.layers.RandomTranslation(shift, shift, fill_mode="nearest")(x)


def convolutional_block(
    hp: kt.HyperParameters, x: keras.KerasTensor, block: int
) -> keras.KerasTensor:
    """A convolution, two poolings, dropout. A pooling of size 1 changes nothing: it is left out."""
    with hp.name_scope(f"block_{block}"):
        x = keras.layers.Conv2D(
            filters=hp.Int("filters", 16, 64, step=16, default=32),
            kernel_size=hp.Choice("kernel_size", [3, 5]),
            padding="same",
            activation="relu",
        )(x)
        max_pooling = hp.Int("max_pooling", 1, 3, default=2)
        average_pooling = hp.Int("average_pooling", 1, 3, default=1)
        # With padding "same" a pooling larger than what is left still gives one pixel.
        if max_pooling > 1:
            x = keras.layers.MaxPooling2D(max_pooling, padding="same")(x)
        if average_pooling > 1:
            x = keras.layers.AveragePooling2D(average_pooling, padding="same")(x)
        return keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.1))(x)
