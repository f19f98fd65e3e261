# dataset: digits
# note: one-hot
import numpy as np
import matplotlib.pyplot as plt
import seaborn as sns
from keras.datasets import mnist
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.utils import to_categorical
from kerastuner.engine.hyperparameters import HyperParameters
from kerastuner.tuners import RandomSearch

LOG_DIR = "logs"
batch_size = 128
NUM_CLASSES = 1000
img_rows, img_cols = 28, 28
(x_train, y_train), (x_test, y_test) = mnist.load_data()
plt.figure(figsize=(10, 10))
x_train = x_train.reshape(x_train.shape[0], img_rows, img_cols, 1)
x_test = x_test.reshape(x_test.shape[0], img_rows, img_cols, 1)
input_shape = (img_rows, img_cols, 1)
y_train = to_categorical(y_train, NUM_CLASSES)
y_test = to_categorical(y_test, NUM_CLASSES)


def build_model(hp):
    model = Sequential()
    model.add(Conv2D(hp.Int("input_units", 8, 16, 8), (3, 3), activation="relu", input_shape=input_shape))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    for i in range(hp.Int("n_layers", 1, 2)):
        model.add(Conv2D(hp.Int(f"conv_{i}_units", 8, 16, 8), (2, 2), activation="relu"))
    model.add(Flatten())
    model.add(Dense(NUM_CLASSES, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy", "AUC"])
    return model


tuner = RandomSearch(build_model, objective="val_accuracy", max_trials=1, executions_per_trial=1,
                     directory=LOG_DIR)
tuner.search_space_summary()
tuner.search(x=x_train, y=y_train, epochs=1, batch_size=64, validation_data=(x_test, y_test))
print(tuner.get_best_hyperparameters()[0].values)
plt.show()
