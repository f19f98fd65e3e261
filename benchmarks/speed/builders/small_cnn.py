"""A small convolutional network whose architecture is searched, too."""

import keras


def build_model(hp):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 16)])
    layers = hp.Int("layers", 1, 2, default=2)
    for i in range(2):
        with hp.conditional_scope("layers", list(range(i + 1, 3))):
            filters = hp.Int(f"filters_{i + 1}", 16, 64, step=16, default=32)
            kernel = hp.Choice(f"kernel_{i + 1}", [3, 5])
        if i < layers:
            model.add(keras.layers.Conv2D(filters, kernel, padding="same", activation="relu"))
            model.add(keras.layers.MaxPooling2D(padding="same"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(hp.Int("units", 32, 128, step=32, default=64), "relu"))
    model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2)))
    model.add(keras.layers.Dense(10, activation="softmax"))
    rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=2e-3)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model
