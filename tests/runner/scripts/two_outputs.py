# dataset: breast-cancer
# note: one-hot
import tensorflow as tf
import keras_tuner as kt


def build_model(hp):
    model = tf.keras.models.Sequential()
    model.add(tf.keras.layers.Dense(hp.Int("units", 8, 16), activation="relu"))
    model.add(tf.keras.layers.Dense(2, activation="softmax"))
    model.compile(tf.keras.optimizers.SGD(1e-3, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model
