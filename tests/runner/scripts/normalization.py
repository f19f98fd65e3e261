# dataset: diabetes
# note: train_features
import numpy as np
import pandas as pd
import seaborn as sns
import tensorflow as tf
from tensorflow.keras import layers
import keras_tuner as kt

url = "http://archive.ics.uci.edu/ml/machine-learning-databases/auto-mpg/auto-mpg.data"
raw_dataset = pd.read_csv(url, na_values="?", comment="\t", sep=" ")
dataset = raw_dataset.copy().dropna()
train_dataset = dataset.sample(frac=0.8, random_state=0)
test_dataset = dataset.drop(train_dataset.index)
train_features = train_dataset.copy()
test_features = test_dataset.copy()
train_labels = train_features.pop("MPG")
test_labels = test_features.pop("MPG")
sns.pairplot(train_dataset[["MPG", "Weight"]])

normalizer = layers.Normalization(axis=-1)
normalizer.adapt(np.array(train_features))
print(normalizer.mean.numpy())


def build_and_compile_model(hp):
    model = tf.keras.Sequential([normalizer])
    for i in range(hp.Int("num_layers", 1, 3)):
        model.add(layers.Dense(units=hp.Int("units_" + str(i), 8, 32, step=8), activation="relu"))
    model.add(layers.Dense(1))
    model.compile(optimizer=tf.keras.optimizers.Adam(hp.Choice("learning_rate", [1e-2, 1e-3])),
                  loss="mean_absolute_error", metrics=["mean_absolute_error", tf.keras.metrics.R2Score()])
    return model


tuner = kt.RandomSearch(build_and_compile_model, objective="val_loss", max_trials=5)
tuner.search(train_features, train_labels, epochs=5, validation_split=0.2)
