# tune: --dataset wine --epochs 16 --batch-size 32 --objective val_loss
"""A dense network on a small table of wines: 576 configurations."""

import keras
import keras_tuner as kt
from training_loop import TrainingLoop


class WineDense(TrainingLoop, kt.HyperModel):
    def __init__(self, input_shape: tuple[int, ...], num_classes: int):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes

    def build(self, hp: kt.HyperParameters):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input(self.input_shape), keras.layers.BatchNormalization(momentum=0.8)]
        )
        for _ in range(hp.Int("layers", 1, 2)):
            model.add(
                keras.layers.Dense(
                    hp.Choice("units", [4, 8, 16, 32]),
                    activation=hp.Choice("activation", ["relu", "tanh", "sigmoid"]),
                )
            )
        model.add(keras.layers.Dropout(hp.Choice("dropout", [0.0, 0.2, 0.4])))
        model.add(keras.layers.Dense(self.num_classes, activation="softmax"))
        rates = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
        model.compile(
            keras.optimizers.SGD(hp.Choice("learning_rate", rates), momentum=0.9),
            "sparse_categorical_crossentropy",
        )
        return model
