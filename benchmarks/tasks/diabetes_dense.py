# tune: --dataset diabetes --epochs 16 --batch-size 64 --objective val_loss
"""A regression by a dense network, of the progress of diabetes: 504 configurations."""

import keras
import keras_tuner as kt
from training_loop import TrainingLoop


class DiabetesDense(TrainingLoop, kt.HyperModel):
    def __init__(self, input_shape: tuple[int, ...]):
        super().__init__()
        self.input_shape = input_shape

    def build(self, hp: kt.HyperParameters):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input(self.input_shape), keras.layers.BatchNormalization(momentum=0.8)]
        )
        units = hp.Choice("units", [4, 8, 16, 32])
        for _ in range(hp.Int("layers", 1, 2)):
            model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.25)))
        model.add(keras.layers.Dense(1))
        # The target lies between 25 and 346.
        model.add(keras.layers.Rescaling(scale=100, offset=150))
        optimizers = {
            "sgd": keras.optimizers.SGD,
            "adam": keras.optimizers.Adam,
            "rmsprop": keras.optimizers.RMSprop,
        }
        optimizer = optimizers[hp.Choice("optimizer", list(optimizers))]
        model.compile(
            optimizer(hp.Float("learning_rate", 1e-4, 0.5, step=4, sampling="log")),
            "mean_absolute_error",
        )
        return model
