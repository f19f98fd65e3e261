"""A network for images and tables whose batch size is tuned too, in HyperModel.fit."""

import keras
import keras_tuner as kt

# A row unlike all training rows must not overwhelm the network: larger inputs are clipped.
MAX_INPUT = 10.0


class BatchSizeHyperModel(kt.HyperModel):
    """What `fit` asks of `hp` is part of the search space like what `build` asks."""

    def __init__(self, input_shape: tuple[int, ...], num_classes: int | None, task: str):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes
        self.task = task

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Build one network of the space."""
        inputs = keras.Input(self.input_shape)
        # Each pixel or column gets mean 0 and variance 1, learned from the training rows in `fit`.
        x = keras.layers.Flatten()(inputs)
        x = keras.layers.Normalization(name="normalization")(x)
        x = keras.ops.clip(x, -MAX_INPUT, MAX_INPUT)
        x = keras.layers.Dense(hp.Int("units", 32, 256, step=32, default=128), "relu")(x)
        x = keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2))(x)
        if self.task == "classification":
            outputs = keras.layers.Dense(self.num_classes, activation="softmax")(x)
            loss, metric = "sparse_categorical_crossentropy", "accuracy"
        else:
            # The other way round: from standardised values to those of the target.
            scale = keras.layers.Normalization(name="target", invert=True)
            outputs = scale(keras.layers.Dense(1)(x))
            loss, metric = "mean_squared_error", "mean_absolute_error"
        model = keras.Model(inputs, outputs)
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=1e-2)
        model.compile(keras.optimizers.Adam(learning_rate), loss=loss, metrics=[metric])
        return model

    def fit(self, hp, model, x, y, **kwargs):
        """Train with a batch size of the trial's own instead of the search's."""
        learn_columns(model.get_layer("normalization"), x.reshape(len(x), -1))
        if self.task == "regression":
            learn_targets(model, y)
        kwargs["batch_size"] = hp.Int("batch_size", 16, 256, step=2, sampling="log", default=32)
        return model.fit(
            x,
            y,
            # A new order of the rows in each epoch, or always the same one?
            shuffle=hp.Boolean("shuffle", default=True),
            **kwargs,
        )


def learn_columns(normalization: keras.layers.Normalization, x) -> None:
    """Learn the mean and the variance of each column. A column that never changes becomes 0 in all
    rows, later ones too: divided by its variance, any other value would be huge."""
    normalization.adapt(x)
    variance = normalization.adapt_variance
    variance.assign(keras.ops.where(x.min(axis=0) == x.max(axis=0), 1e30, variance))
    normalization.finalize_state()


def learn_targets(model: keras.Model, y) -> None:
    """Learn the mean and the variance of the targets, by which the loss is divided: the gradients
    of very small targets would vanish beside the optimizer's epsilon."""
    scale = model.get_layer("target")
    scale.adapt(y.astype("float64").reshape(-1, 1))
    variance = float(y.astype("float64").var()) or 1.0
    model.compile(
        optimizer=model.optimizer,
        loss="mean_squared_error",
        metrics=["mean_absolute_error"],
        loss_weights=[1 / variance],
    )
