"""An autoencoder for tables: it reproduces its inputs, which Tuneroom scales to 0 to 1, through a
bottleneck. Rows unlike the training rows get large errors."""

import keras
import keras_tuner as kt

MAX_LEVELS = 3


class AutoencoderHyperModel(kt.HyperModel):
    """An encoder of layers that become narrower, a bottleneck, and a decoder that mirrors it."""

    def __init__(self, input_shape: tuple[int, ...]):
        super().__init__()
        self.input_shape = input_shape

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Build one network of the space."""
        (columns,) = self.input_shape
        activation = hp.Choice("activation", ["relu", "tanh", "selu"])
        dropout = hp.Float("dropout", 0.0, 0.3, step=0.1)
        levels = hp.Int("levels", 1, MAX_LEVELS, default=2)
        width = hp.Int("width", 8, 256, step=2, sampling="log", default=64)
        # Far fewer numbers than columns force it to learn what the columns have in common.
        bottleneck = hp.Int("bottleneck", 1, 32, step=2, sampling="log", default=4)

        inputs = keras.Input(self.input_shape)
        x = keras.layers.Dropout(dropout)(inputs) if dropout > 0 else inputs
        widths = [max(2, width // 2**level) for level in range(levels)]
        for units in widths:
            x = keras.layers.Dense(units, activation)(x)
        x = keras.layers.Dense(bottleneck, name="bottleneck")(x)
        for units in reversed(widths):
            x = keras.layers.Dense(units, activation)(x)
        outputs = keras.layers.Dense(columns)(x)
        model = keras.Model(inputs, outputs)
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=2e-3)
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss="mean_squared_error",
            metrics=["mean_absolute_error"],
        )
        return model
