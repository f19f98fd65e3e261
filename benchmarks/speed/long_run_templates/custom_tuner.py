"""A tuner of its own, whose training loop is written by hand."""

import keras
import keras_tuner
import tensorflow as tf


def build_model(hp):
    return keras.Sequential([
        keras.Input((30,)),
        keras.layers.Dense(hp.Int("units", 8, 64), "silu"),
        keras.layers.Dense(2, activation="softmax"),
    ])  # fmt: skip


class OwnLoop(keras_tuner.RandomSearch):
    def run_trial(self, trial, x, y, validation_data, batch_size=32, **kwargs):
        hp = trial.hyperparameters
        model = self.hypermodel.build(hp)
        optimizer = keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-1, sampling="log"))
        loss = keras.losses.SparseCategoricalCrossentropy()
        accuracy = keras.metrics.SparseCategoricalAccuracy()

        @tf.function
        def step(rows, labels):
            with tf.GradientTape() as tape:
                value = loss(labels, model(rows, training=True))
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

        for rows, labels in tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size):
            step(rows, labels)
        rows, labels = validation_data
        accuracy.update_state(labels, model(rows))
        return {"val_accuracy": float(accuracy.result())}


tuner = OwnLoop(build_model, objective=keras_tuner.Objective("val_accuracy", "max"))
