"""A small convolutional network for images: filters, kernel sizes, dropout, a dense layer."""

import keras
import keras_tuner as kt

MAX_CONV_LAYERS = 3
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
    model = keras.Sequential([keras.Input(input_shape), keras.layers.Rescaling(1 / max_value)])

    conv_layers = hp.Int("conv_layers", 1, MAX_CONV_LAYERS, default=2)
    for i in range(MAX_CONV_LAYERS):
        # All layers are declared every time, so that the tuner knows the whole space; the scope
        # tells it that a layer's values matter only where there is such a layer.
        with hp.conditional_scope("conv_layers", list(range(i + 1, MAX_CONV_LAYERS + 1))):
            filters = hp.Int(f"filters_{i + 1}", 16, 64, step=16, default=32)
            kernel_size = hp.Choice(f"kernel_size_{i + 1}", [3, 5])
        if i < conv_layers:
            model.add(keras.layers.Conv2D(filters, kernel_size, padding="same", activation="relu"))
            # With padding "same" even an image of 1 x 1 pixels can be pooled.
            model.add(keras.layers.MaxPooling2D(2, padding="same"))

    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(hp.Int("dense_units", 32, 128, step=32, default=64), "relu"))
    model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2)))
    activation, loss = OUTPUTS[task]
    model.add(keras.layers.Dense(output_units, activation=activation))

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
