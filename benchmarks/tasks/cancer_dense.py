# tune: --dataset breast-cancer --epochs 16 --batch-size 64 --objective val_loss
"""A dense network on measurements of tumours: 504 configurations, learning rates that change."""

import keras
import keras_tuner as kt
from training_loop import TrainingLoop

# Of 16 epochs, 8 steps each.
STEPS = 128


class CancerDense(TrainingLoop, kt.HyperModel):
    def __init__(self, input_shape: tuple[int, ...], num_classes: int):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes

    def build(self, hp: kt.HyperParameters):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input(self.input_shape), keras.layers.BatchNormalization(momentum=0.8)]
        )
        units = hp.Choice("units", [4, 8, 16, 32])
        penalty = keras.regularizers.L2(hp.Choice("l2", [0.0, 0.001, 0.01]))
        for _ in range(hp.Int("layers", 1, 2)):
            model.add(keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty))
        model.add(keras.layers.Dense(self.num_classes, activation="softmax"))
        rate = hp.Float("learning_rate", 1e-4, 0.5, step=4, sampling="log")
        match hp.Choice("schedule", ["constant", "cosine", "warm-up"]):
            case "cosine":
                rate = keras.optimizers.schedules.CosineDecay(rate, STEPS)
            case "warm-up":
                # Begins slowly, on purpose: what a pruner may take for a bad trial.
                rate = keras.optimizers.schedules.CosineDecay(
                    rate / 100, STEPS // 2, warmup_target=rate, warmup_steps=STEPS // 2
                )
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        return model
