"""A network for sequences and forecasts: how many of the last steps it uses, and whether recurrent,
convolutional or dense layers read them."""

import keras
import keras_tuner as kt

# A row unlike all training rows must not overwhelm the network: larger inputs are clipped.
MAX_INPUT = 10.0
# For each task: the activation of the outputs, and the loss.
OUTPUTS = {
    "classification": ("softmax", "sparse_categorical_crossentropy"),
    "multi-label": ("sigmoid", "binary_crossentropy"),
    "regression": (None, "mean_squared_error"),
}


class SequenceHyperModel(kt.HyperModel):
    """Rows have the shape (steps, features), the latest step last."""

    def __init__(self, input_shape: tuple[int, int], output_units: int, task: str):
        super().__init__()
        self.input_shape = input_shape
        self.output_units = output_units
        self.task = task

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Build one network of the space."""
        inputs = keras.Input(self.input_shape)
        # Its means and variances are learned from the training rows in `fit` below.
        x = keras.layers.Normalization(name="normalization")(inputs)
        x = keras.ops.clip(x, -MAX_INPUT, MAX_INPUT)
        x = self.last_steps(hp, x)
        x = self.encoded(hp, x)
        dropout = hp.Float("dropout", 0.0, 0.5, step=0.1)
        if dropout > 0:
            x = keras.layers.Dropout(dropout)(x)

        activation, loss = OUTPUTS[self.task]
        outputs = keras.layers.Dense(self.output_units, activation=activation)(x)
        if self.task == "regression":
            # The other way round: from standardised values to those of the targets.
            outputs = keras.layers.Normalization(name="target", invert=True)(outputs)
        model = keras.Model(inputs, outputs)
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=1e-2)
        # Keeps long sequences from throwing the weights far off.
        optimizer = keras.optimizers.Adam(learning_rate, clipnorm=1.0)
        metrics = metrics_for(self.task, self.output_units)
        model.compile(optimizer, loss=loss, metrics=metrics)
        return model

    def last_steps(self, hp: kt.HyperParameters, x):
        """The look-back: a quarter of the steps, half of them, or all."""
        steps = self.input_shape[0]
        choices = sorted({max(1, steps // 4), max(1, steps // 2), steps})
        if len(choices) == 1:
            return x
        return x[:, -hp.Choice("look_back", choices, default=steps) :]

    def encoded(self, hp: kt.HyperParameters, x):
        """One vector for each row."""
        encoder = hp.Choice("encoder", ["gru", "lstm", "convolution", "dense"])
        units = hp.Int("units", 16, 128, step=2, sampling="log", default=32)
        with hp.conditional_scope("encoder", ["gru", "lstm"]):
            layers = hp.Int("recurrent_layers", 1, 2)
        with hp.conditional_scope("encoder", ["convolution"]):
            kernel_size = hp.Choice("kernel_size", [3, 5, 7])
        if encoder in ("gru", "lstm"):
            layer = keras.layers.GRU if encoder == "gru" else keras.layers.LSTM
            for i in range(layers):
                x = layer(units, return_sequences=i < layers - 1)(x)
            return x
        if encoder == "convolution":
            x = keras.layers.Conv1D(units, kernel_size, activation="relu", padding="causal")(x)
            x = keras.layers.Conv1D(units, kernel_size, activation="relu", padding="causal")(x)
            # What happened at all, and what happened last.
            return keras.layers.Concatenate()([keras.layers.GlobalMaxPooling1D()(x), x[:, -1]])
        return keras.layers.Dense(units, "relu")(keras.layers.Flatten()(x))

    def fit(self, hp, model, x, y, **kwargs):
        """Learn means and variances from the training rows alone, then train as usual."""
        learn_features(model.get_layer("normalization"), x)
        if self.task == "regression":
            learn_targets(model, y)
        return model.fit(x, y, **kwargs)


def learn_features(normalization: keras.layers.Normalization, x) -> None:
    """Learn the mean and the variance of each feature over all steps. A feature that never changes
    becomes 0 everywhere, later too: divided by its variance, any other value would be huge."""
    normalization.adapt(x)
    constant = x.min(axis=(0, 1)) == x.max(axis=(0, 1))
    variance = normalization.adapt_variance
    variance.assign(keras.ops.where(constant, 1e30, variance))
    normalization.finalize_state()


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


def learn_targets(model: keras.Model, y) -> None:
    """Learn the mean and the variance of each target, by which its error is divided: the gradients
    of very small targets would vanish beside the optimizer's epsilon."""
    scale = model.get_layer("target")
    y = y.astype("float64").reshape(len(y), -1)
    scale.adapt(y)
    variances = [float(variance) or 1.0 for variance in y.var(axis=0)]
    one = len(variances) == 1
    model.compile(
        optimizer=model.optimizer,
        loss="mean_squared_error" if one else ScaledError(variances),
        metrics=metrics_for("regression", len(variances)),
        loss_weights=[1 / variances[0]] if one else None,
    )


@keras.saving.register_keras_serializable("tuneroom")
class ScaledError(keras.losses.Loss):
    """The squared error of each of several targets, divided by the target's variance: no target
    outweighs the others because of its unit."""

    def __init__(self, variances: list[float], **kwargs):
        super().__init__(**kwargs)
        self.variances = variances

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred) / self.variances, axis=-1)

    def get_config(self) -> dict:
        return {**super().get_config(), "variances": self.variances}
