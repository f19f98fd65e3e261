# tune: --dataset digits --epochs 16 --batch-size 128 --objective val_loss
"""A dense network on images of digits: 560 configurations, a second layer that may be missing."""

import keras
import keras_tuner as kt
from training_loop import TrainingLoop


class DigitsDense(TrainingLoop, kt.HyperModel):
    def __init__(self, input_shape: tuple[int, ...], num_classes: int):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes

    def build(self, hp: kt.HyperParameters):
        keras.utils.set_random_seed(1)
        activation = hp.Choice("activation", ["relu", "sigmoid"])
        model = keras.Sequential([keras.Input(self.input_shape), keras.layers.Rescaling(1 / 16)])
        model.add(keras.layers.Flatten())
        layers = hp.Int("layers", 1, 2)
        units = hp.Choice("units_1", [8, 16, 32, 64])
        model.add(keras.layers.Dense(units, activation))
        with hp.conditional_scope("layers", [2]):
            units = hp.Choice("units_2", [8, 16, 32, 64])
            if layers == 2:
                model.add(keras.layers.Dense(units, activation))
        model.add(keras.layers.Dense(self.num_classes, activation="softmax"))
        rate = hp.Float("learning_rate", 1e-4, 0.5, step=4, sampling="log")
        if hp.Choice("optimizer", ["sgd", "adam"]) == "adam":
            optimizer = keras.optimizers.Adam(rate)
        else:
            optimizer = keras.optimizers.SGD(rate, momentum=0.9)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model
