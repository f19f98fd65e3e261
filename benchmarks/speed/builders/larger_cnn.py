"""A network for colour images that trains much longer than its graphs take to trace."""

import keras


def build_model(hp):
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255)])
    filters = hp.Choice("filters", [8, 12, 16])
    model.add(keras.layers.Conv2D(filters, 3, 2, padding="same", activation="relu"))
    model.add(keras.layers.Conv2D(2 * filters, 3, 2, padding="same", activation="relu"))
    model.add(keras.layers.Conv2D(4 * filters, 3, 2, padding="same", activation="relu"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(hp.Choice("units", [64, 128]), "relu"))
    model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2)))
    model.add(keras.layers.Dense(10, activation="softmax"))
    rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model
