"""HyperModels with a `fit` of their own, as KerasTuner's guides and people write them."""

HEAD = """
import numpy as np
import tensorflow as tf
import keras
from keras import layers
import keras_tuner as kt
"""
BUILD = """
class MyHyperModel(kt.HyperModel):
    def build(self, hp):
        inputs = keras.Input(shape=(8, 8, 1))
        x = layers.Flatten()(inputs)
        x = layers.Dense(hp.Choice("units", [8, 16, 32]), activation="relu")(x)
        {outputs}
        return model
"""
COMPILED = """model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
        model.compile("adam", loss="{loss}", metrics=["accuracy"])"""
SPARSE = BUILD.format(outputs=COMPILED.format(loss="sparse_categorical_crossentropy"))
# KerasTuner's guide "Custom training loop", whole.
LOOP = (
    HEAD
    + BUILD.format(outputs="model = keras.Model(inputs, layers.Dense(10)(x))")
    + """
    def fit(self, hp, model, x, y, validation_data, callbacks=None, **kwargs):
        batch_size = hp.Int("batch_size", 32, 128, step=32, default=64)
        train_ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size)
        validation_data = tf.data.Dataset.from_tensor_slices(validation_data).batch(batch_size)
        optimizer = keras.optimizers.Adam(
            hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3))
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        epoch_loss_metric = keras.metrics.Mean()

        @tf.function
        def run_train_step(images, labels):
            with tf.GradientTape() as tape:
                logits = model(images)
                loss = loss_fn(labels, logits)
                if model.losses:
                    loss += tf.math.add_n(model.losses)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        @tf.function
        def run_val_step(images, labels):
            epoch_loss_metric.update_state(loss_fn(labels, model(images)))

        for callback in callbacks:
            callback.set_model(model)
        best_epoch_loss = float("inf")
        for epoch in range(2):
            for images, labels in train_ds:
                run_train_step(images, labels)
            for images, labels in validation_data:
                run_val_step(images, labels)
            epoch_loss = float(epoch_loss_metric.result().numpy())
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"my_metric": epoch_loss})
            epoch_loss_metric.reset_state()
            print(f"Epoch loss: {epoch_loss}")
            best_epoch_loss = min(best_epoch_loss, epoch_loss)
        return best_epoch_loss

tuner = kt.RandomSearch(
    objective=kt.Objective("my_metric", "min"), max_trials=2, hypermodel=MyHyperModel(),
    directory="results", project_name="custom_training", overwrite=True)
x_train = np.random.rand(1000, 28, 28, 1)
tuner.search(x=x_train, y=None, validation_data=None)
"""
)
# Sample weights, tuned epochs, a callback and an augmentation of its own; few arguments.
MUCH = (
    HEAD
    + SPARSE
    + """
    def fit(self, hp, model, x, y, validation_data=None, callbacks=None):
        if hp.Boolean("normalize"):
            x = x / 16.0
        noisy = x + np.random.normal(0, hp.Float("noise", 0.0, 0.2), x.shape)
        weights = np.where(y == 3, hp.Float("weight_of_3", 1.0, 3.0), 1.0)
        stop = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1)
        return model.fit(noisy, y, sample_weight=weights, validation_data=validation_data,
                         epochs=hp.Int("epochs", 2, 3), callbacks=[*callbacks, stop], verbose=0)
"""
)
# Targets in another form, a dictionary with a metric of its own.
ONE_HOT = (
    HEAD
    + BUILD.format(outputs=COMPILED.format(loss="categorical_crossentropy"))
    + """
    def fit(self, hp, model, x, y, **kwargs):
        x_val, y_val = kwargs.pop("validation_data")
        history = model.fit(x, keras.utils.to_categorical(y, 10), **kwargs)
        loss, accuracy = model.evaluate(x_val, keras.utils.to_categorical(y_val, 10), verbose=0)
        return {"val_error": 1.0 - accuracy, "best_loss": min(history.history["loss"])}

tuner = kt.Hyperband(MyHyperModel(), objective=kt.Objective("val_error", direction="min"))
tuner.search(None)
"""
)
NOTHING = HEAD + SPARSE + "\n    def fit(self, hp, model, *args, **kwargs):\n        pass\n"
TEMPLATES = {"loop": LOOP, "much": MUCH, "one_hot": ONE_HOT, "nothing": NOTHING}
