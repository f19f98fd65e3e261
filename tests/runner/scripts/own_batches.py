# dataset: digits
# note: Its tuner class BatchTuner runs each trial by itself
"""A Tuner class that tunes the batch size, with one-hot targets made by the script."""
import keras_tuner as kt
from tensorflow import keras
from tensorflow.keras.utils import to_categorical

EPOCHS = 2
(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
X_train = X_train.reshape(60000, 28, 28, 1) / 255.0
X_test = X_test.reshape(10000, 28, 28, 1) / 255.0
y_train = to_categorical(y_train)
y_test = to_categorical(y_test)


def build_model(hp):
    model = keras.models.Sequential([
        keras.layers.Flatten(input_shape=X_train.shape[1:]),
        keras.layers.Dense(hp.Int("units", 16, 64, 16), activation="relu"),
        keras.layers.Dense(y_train.shape[1], activation="softmax"),
    ])
    model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


class BatchTuner(kt.tuners.BayesianOptimization):
    def run_trial(self, trial, *args, **kwargs):
        kwargs["batch_size"] = trial.hyperparameters.Int("batch_size", 32, 128, step=32)
        kwargs["epochs"] = EPOCHS
        return super().run_trial(trial, *args, **kwargs)


tuner = BatchTuner(build_model, objective="val_accuracy", max_trials=3, directory="b")
tuner.search(X_train, y_train, validation_data=(X_test, y_test))
print(tuner.get_best_hyperparameters()[0].values)
