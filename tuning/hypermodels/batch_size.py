"""A network for images and tables whose batch size is tuned too, in HyperModel.fit."""

import keras
import keras_tuner as kt


class BatchSizeHyperModel(kt.HyperModel):
    """What `fit` asks of `hp` is part of the search space like what `build` asks."""

    def __init__(self, input_shape: tuple[int, ...], num_classes: int | None, task: str):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes
        self.task = task

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Build one network of the space."""
        model = keras.Sequential([keras.Input(self.input_shape)])
        # Each pixel or column gets mean 0 and variance 1, learned from the training rows in `fit`.
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Normalization(name="normalization"))
        model.add(keras.layers.Dense(hp.Int("units", 32, 256, step=32, default=128), "relu"))
        model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2)))
        if self.task == "classification":
            model.add(keras.layers.Dense(self.num_classes, activation="softmax"))
            loss, metric = "sparse_categorical_crossentropy", "accuracy"
        else:
            model.add(keras.layers.Dense(1))
            loss, metric = "mean_squared_error", "mean_absolute_error"
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=1e-2)
        model.compile(keras.optimizers.Adam(learning_rate), loss=loss, metrics=[metric])
        return model

    def fit(self, hp, model, x, y, **kwargs):
        """Train with a batch size of the trial's own instead of the search's."""
        flat = x.reshape(len(x), -1)
        model.get_layer("normalization").adapt(flat)
        kwargs["batch_size"] = hp.Int("batch_size", 16, 256, step=2, sampling="log", default=32)
        return model.fit(
            x,
            y,
            # A new order of the rows in each epoch, or always the same one?
            shuffle=hp.Boolean("shuffle", default=True),
            **kwargs,
        )
