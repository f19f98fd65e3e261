# dataset: wine
# units: 12
"""A network on a small table: 576 configurations."""

import keras
import keras_tuner as kt


def build_model(hp: kt.HyperParameters, input_shape: tuple[int, ...], num_classes: int):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input(input_shape)])
    for _ in range(hp.Int("layers", 1, 2)):
        model.add(
            keras.layers.Dense(
                hp.Choice("units", [4, 8, 16, 32]),
                activation=hp.Choice("activation", ["relu", "tanh", "sigmoid"]),
            )
        )
    model.add(keras.layers.Dropout(hp.Choice("dropout", [0.0, 0.2, 0.4])))
    model.add(keras.layers.Dense(num_classes, activation="softmax"))
    rates = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
    model.compile(
        keras.optimizers.SGD(hp.Choice("learning_rate", rates), momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model
