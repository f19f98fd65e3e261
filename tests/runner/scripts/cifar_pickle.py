# dataset: digits
"""A video tutorial's script: a folder with the time in its name, a pickle at the end."""
import os
import pickle
import time
import numpy as np
from tensorflow.keras.datasets import cifar10
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense, Dropout, Activation, Flatten, Conv2D, MaxPooling2D
from kerastuner.tuners import RandomSearch
from kerastuner.engine.hyperparameters import HyperParameters

LOG_DIR = f"{int(time.time())}"
if not os.path.exists(LOG_DIR):
    os.makedirs(LOG_DIR)
CATEGORIES = ["airplane", "automobile", "bird"]

(x_train, y_train), (x_test, y_test) = cifar10.load_data()
x_train = x_train.reshape(-1, 32, 32, 3)
x_test = x_test.reshape(-1, 32, 32, 3)


def build_model(hp):
    model = Sequential()
    model.add(Conv2D(hp.Int("input_units", 8, 24, 8), (3, 3), padding="same", input_shape=x_train.shape[1:]))
    model.add(Activation("relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    for i in range(hp.Int("n_layers", 1, 2)):
        model.add(Conv2D(hp.Int(f"conv_{i}_units", 8, 24, 8), (3, 3), padding="same"))
        model.add(Activation("relu"))
    model.add(Flatten())
    model.add(Dense(10))
    model.add(Activation("softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


tuner = RandomSearch(build_model, objective="val_accuracy", max_trials=1, executions_per_trial=1, directory=LOG_DIR)
tuner.search(x=x_train, y=y_train, verbose=2, epochs=1, batch_size=64, validation_data=(x_test, y_test))

with open(f"tuner_{int(time.time())}.pkl", "wb") as f:
    pickle.dump(tuner, f)
tuner = pickle.load(open("tuner_1576628824.pkl", "rb"))
print(tuner.get_best_hyperparameters()[0].values)
print(tuner.results_summary())
