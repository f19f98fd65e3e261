# dataset: iris
# note: num_classes is 3 instead of 10
"""A HyperModel class with the number of classes as an argument, written into the call."""
import keras_tuner
from keras_tuner import HyperModel, RandomSearch
import tensorflow as tf
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split


class MyHyperModel(HyperModel):
    def __init__(self, num_classes):
        super().__init__()
        self.num_classes = num_classes

    def build(self, hp):
        model = tf.keras.Sequential()
        model.add(tf.keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"))
        model.add(tf.keras.layers.Dense(self.num_classes, activation="softmax"))
        model.compile(optimizer=tf.keras.optimizers.Adam(hp.Choice("learning_rate", values=[1e-2, 1e-3])),
                      loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


data = load_iris()
X_train, X_val, y_train, y_val = train_test_split(data.data, data.target, stratify=data.target)
tuner = RandomSearch(MyHyperModel(num_classes=10), objective="val_accuracy", max_trials=4, directory="d", project_name="p")
tuner.search(X_train, y_train, epochs=3, validation_data=(X_val, y_val))
