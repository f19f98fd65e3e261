"""A dense network for tables, for classes or for values: depth, width, dropout, optimizer."""

import keras
import keras_tuner as kt

MAX_HIDDEN_LAYERS = 4
# A row unlike all training rows must not overwhelm the network: larger inputs are clipped.
MAX_INPUT = 10.0
# For each task: the activation of the outputs, and the loss.
OUTPUTS = {
    "classification": ("softmax", "sparse_categorical_crossentropy"),
    "multi-label": ("sigmoid", "binary_crossentropy"),
    "regression": (None, "mean_squared_error"),
}


class DenseHyperModel(kt.HyperModel):
    """Hidden layers between a normalisation of the columns and an output that fits the task."""

    def __init__(self, input_shape: tuple[int, ...], output_units: int, task: str):
        super().__init__()
        self.input_shape = input_shape
        self.output_units = output_units
        self.task = task

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Build one network of the space."""
        activation = hp.Choice("activation", ["relu", "tanh", "selu"])
        dropout = hp.Float("dropout", 0.0, 0.5, step=0.1)
        normalise_batches = hp.Boolean("batch_normalization", default=False)

        inputs = keras.Input(self.input_shape)
        # Its means and variances are learned from the training rows in `fit` below.
        x = keras.layers.Normalization(name="normalization")(inputs)
        x = keras.ops.clip(x, -MAX_INPUT, MAX_INPUT)

        hidden_layers = hp.Int("hidden_layers", 1, MAX_HIDDEN_LAYERS, default=2)
        for i in range(MAX_HIDDEN_LAYERS):
            # All layers are declared every time, so that the tuner knows the whole space; the
            # scope tells it that a width matters only where there is such a layer.
            with hp.conditional_scope("hidden_layers", list(range(i + 1, MAX_HIDDEN_LAYERS + 1))):
                units = hp.Int(f"units_{i + 1}", 16, 256, step=2, sampling="log", default=64)
            if i < hidden_layers:
                x = keras.layers.Dense(units, activation)(x)
                if normalise_batches:
                    x = keras.layers.BatchNormalization()(x)
                if dropout > 0:
                    x = keras.layers.Dropout(dropout)(x)

        activation, loss = OUTPUTS[self.task]
        outputs = keras.layers.Dense(self.output_units, activation=activation)(x)
        if self.task == "regression":
            # The other way round: from standardised values to those of the targets.
            outputs = keras.layers.Normalization(name="target", invert=True)(outputs)
        model = keras.Model(inputs, outputs)
        metrics = metrics_for(self.task, self.output_units)
        model.compile(optimizer=self.optimizer(hp), loss=loss, metrics=metrics)
        return model

    def optimizer(self, hp: kt.HyperParameters) -> keras.optimizers.Optimizer:
        """Choose an optimizer; each has values of its own."""
        name = hp.Choice("optimizer", ["adam", "sgd", "rmsprop"])
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=1e-2)
        # Under another optimizer momentum is None, and no tuner spends trials on it.
        with hp.conditional_scope("optimizer", ["sgd"]):
            momentum = hp.Float("momentum", 0.0, 0.95, step=0.1, default=0.9)
        # Keeps one very wrong prediction, common in regression, from throwing the weights far off.
        clipnorm = hp.Fixed("clipnorm", 1.0)
        if name == "sgd":
            return keras.optimizers.SGD(learning_rate, momentum=momentum, clipnorm=clipnorm)
        if name == "rmsprop":
            return keras.optimizers.RMSprop(learning_rate, clipnorm=clipnorm)
        return keras.optimizers.Adam(learning_rate, clipnorm=clipnorm)

    def fit(self, hp, model, x, y, **kwargs):
        """Learn means and variances from the training rows alone, then train as usual."""
        learn_columns(model.get_layer("normalization"), x)
        if self.task == "regression":
            learn_targets(model, y)
        return model.fit(x, y, **kwargs)


def learn_columns(normalization: keras.layers.Normalization, x) -> None:
    """Learn the mean and the variance of each column. A column that never changes becomes 0 in all
    rows, later ones too: divided by its variance, any other value would be huge."""
    normalization.adapt(x)
    variance = normalization.adapt_variance
    variance.assign(keras.ops.where(x.min(axis=0) == x.max(axis=0), 1e30, variance))
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
