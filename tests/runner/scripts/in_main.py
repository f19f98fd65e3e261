# dataset: iris
import argparse
import keras_tuner as kt
import numpy as np
import tensorflow as tf
from tensorflow import keras

gpus = tf.config.list_physical_devices("GPU")
for gpu in gpus:
    tf.config.experimental.set_memory_growth(gpu, True)


def load():
    return np.load("iris.npz")["x"], np.load("iris.npz")["y"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    x, y = load()
    num_features = x.shape[1]
    classes = len(np.unique(y))

    def build(hp):
        inputs = keras.Input(shape=(num_features,))
        h = keras.layers.Dense(hp.Int("units", 4, args.hidden), activation="relu")(inputs)
        outputs = keras.layers.Dense(classes, activation="softmax")(h)
        model = keras.Model(inputs, outputs)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    tuner = kt.RandomSearch(build, objective="val_accuracy", max_trials=3)
    tuner.search(x, y, epochs=args.epochs, validation_split=0.2)
    if not tuner:
        return
    print(tuner.results_summary())


if __name__ == "__main__":
    main()
