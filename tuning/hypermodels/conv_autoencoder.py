"""A convolutional autoencoder for images of any size: it reproduces their pixels, which Tuneroom
scales to 0 to 1, through a bottleneck."""

import keras
import keras_tuner as kt


class ConvAutoencoderHyperModel(kt.HyperModel):
    """Strided convolutions, a dense bottleneck, and transposed convolutions that mirror them."""

    def __init__(self, input_shape: tuple[int, int, int]):
        super().__init__()
        self.input_shape = input_shape

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Build one network of the space."""
        height, width, channels = self.input_shape
        levels = hp.Int("levels", 1, 3, default=2)
        filters = hp.Int("filters", 8, 64, step=2, sampling="log", default=16)
        bottleneck = hp.Int("bottleneck", 4, 128, step=2, sampling="log", default=32)
        # Only in training: reproducing the clean image from a noisy one cannot be done by copying.
        noise = hp.Float("noise", 0.0, 0.3, step=0.1)

        inputs = keras.Input(self.input_shape)
        x = keras.layers.GaussianNoise(noise)(inputs) if noise > 0 else inputs
        for level in range(levels):
            x = keras.layers.Conv2D(
                filters * 2**level, 3, strides=2, padding="same", activation="relu"
            )(x)
        # Each level halves the sides, rounded up.
        shape = x.shape[1:]
        flat = keras.layers.Flatten()(x)
        x = keras.layers.Dense(bottleneck, name="bottleneck")(flat)
        x = keras.layers.Dense(flat.shape[-1], activation="relu")(x)
        x = keras.layers.Reshape(shape)(x)
        for level in reversed(range(levels)):
            x = keras.layers.Conv2DTranspose(
                filters * 2**level, 3, strides=2, padding="same", activation="relu"
            )(x)
        x = keras.layers.Conv2D(channels, 3, padding="same", activation="sigmoid")(x)
        # Sides that are no multiple of 2 ** levels became longer.
        rows, columns = x.shape[1] - height, x.shape[2] - width
        outputs = keras.layers.Cropping2D(((0, rows), (0, columns)))(x)
        model = keras.Model(inputs, outputs)
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=2e-3)
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss="mean_squared_error",
            metrics=["mean_absolute_error"],
        )
        return model
