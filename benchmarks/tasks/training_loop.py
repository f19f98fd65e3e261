"""A training loop for very small networks: one call of a compiled function for each epoch.

Keras's own `fit` takes 60 ms for an epoch of four steps, most of it to get ready for them, and the
tasks have thousands of networks.
"""

import keras
import numpy as np
import tensorflow as tf


class TrainingLoop:
    """The method `fit` of a HyperModel. The rows left over from an epoch's last batch are not
    used in that epoch."""

    def fit(self, _hp, model, x, y, validation_data, epochs, batch_size, callbacks=(), **_):
        epoch_of = compiled_epoch(model, x, y, validation_data, batch_size)
        followers = keras.callbacks.CallbackList(list(callbacks), add_history=True, model=model)
        followers.on_train_begin()
        order = np.random.default_rng(1)
        for epoch in range(epochs):
            followers.on_epoch_begin(epoch)
            loss, val_loss = epoch_of(tf.constant(order.permutation(len(x))))
            followers.on_epoch_end(epoch, {"loss": float(loss), "val_loss": float(val_loss)})
            if model.stop_training:
                break
        followers.on_train_end()
        return next(f for f in followers.callbacks if isinstance(f, keras.callbacks.History))


def compiled_epoch(model, x, y, validation_data, batch_size):
    """A function of the order of the rows: trains, and returns both losses."""
    loss_of, steps = keras.losses.get(model.loss), len(x) // batch_size
    x, y, val_x, val_y = (tf.constant(part) for part in (x, y, *validation_data))
    model.optimizer.build(model.trainable_variables)

    def step(number, total, order):
        rows = order[number * batch_size : (number + 1) * batch_size]
        with tf.GradientTape() as tape:
            predicted = model(tf.gather(x, rows), training=True)
            loss = tf.reduce_mean(loss_of(tf.gather(y, rows), predicted)) + sum(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        return number + 1, total + loss

    @tf.function(autograph=False)
    def epoch(order):
        _, total = tf.while_loop(
            lambda number, _: number < steps,
            lambda number, total: step(number, total, order),
            [0, 0.0],
        )
        return total / steps, tf.reduce_mean(loss_of(val_y, model(val_x, training=False)))

    return epoch
