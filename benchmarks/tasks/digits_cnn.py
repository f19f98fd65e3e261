# tune: --dataset digits --epochs 16 --batch-size 128 --objective val_loss
"""A small convolutional network on images of digits: 504 configurations, two optimizers."""

import keras
import keras_tuner as kt
from training_loop import TrainingLoop


class DigitsCNN(TrainingLoop, kt.HyperModel):
    def __init__(self, input_shape: tuple[int, ...], num_classes: int):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes

    def build(self, hp: kt.HyperParameters):
        keras.utils.set_random_seed(1)
        filters = hp.Choice("filters", [4, 8, 16])
        activation = hp.Choice("activation", ["relu", "tanh"])
        model = keras.Sequential([keras.Input(self.input_shape), keras.layers.Rescaling(1 / 16)])
        for _ in range(hp.Int("layers", 1, 2)):
            model.add(keras.layers.Conv2D(filters, 3, padding="same", activation=activation))
            model.add(keras.layers.MaxPooling2D())
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.25)))
        model.add(keras.layers.Dense(self.num_classes, activation="softmax"))
        rate = hp.Float("learning_rate", 1e-4, 0.5, step=4, sampling="log")
        if hp.Choice("optimizer", ["sgd", "adam"]) == "adam":
            optimizer = keras.optimizers.Adam(rate)
        else:
            optimizer = keras.optimizers.SGD(rate, momentum=0.9)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model
