# dataset: diabetes
# note: matplotlib, which is not installed
import matplotlib.pyplot as plt
import keras
import keras_tuner as kt
plt.style.use("ggplot")


def plot(history):
    plt.plot(history.history["loss"])


def build_model(hp):
    model = keras.Sequential()
    model.add(keras.layers.Dense(hp.Int("units", 8, 16), kernel_initializer="normal", activation="relu"))
    model.add(keras.layers.Dense(1, kernel_initializer="normal"))
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    return model
