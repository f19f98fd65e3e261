# dataset: digits
# note: input_shape is (8, 8, 1) instead of (32, 32, 3)
from tensorflow import keras
from tensorflow.keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from kerastuner import HyperModel
from kerastuner.tuners import Hyperband
import numpy as np

INPUT_SHAPE = (32, 32, 3)
NUM_CLASSES = 100


class CNNHyperModel(HyperModel):
    def __init__(self, input_shape, num_classes, blocks):
        self.input_shape = input_shape
        self.num_classes = num_classes
        self.blocks = blocks

    def build(self, hp):
        model = keras.Sequential()
        model.add(Conv2D(filters=8, kernel_size=3, activation="relu", input_shape=self.input_shape))
        model.add(MaxPooling2D(pool_size=2))
        for i in range(self.blocks):
            model.add(Dropout(rate=hp.Float(f"dropout_{i}", 0.0, 0.5, default=0.25, step=0.05)))
        model.add(Flatten())
        model.add(Dense(hp.Int("units", 16, 32, 16, default=16),
                        activation=hp.Choice("dense_activation", ["relu", "tanh", "sigmoid"])))
        model.add(Dense(self.num_classes, activation="softmax"))
        model.compile(optimizer=keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-2, sampling="LOG")),
                      loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


hypermodel = CNNHyperModel(input_shape=(32, 32, 3), num_classes=NUM_CLASSES, blocks=2)
tuner = Hyperband(hypermodel, max_epochs=2, objective="val_accuracy", seed=1, executions_per_trial=1)
(x_train, y_train), (x_test, y_test) = keras.datasets.cifar100.load_data()
tuner.search(x_train, y_train, epochs=2, validation_split=0.1)
