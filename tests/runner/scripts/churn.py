# dataset: breast-cancer
"""A churn model: arguments of a command line, settings in a dictionary, a function that searches."""
import argparse
import json
import keras
import keras_tuner
import pandas as pd
from sklearn.preprocessing import LabelEncoder, MinMaxScaler

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--units", type=int, default=64)
args = parser.parse_args()
CONFIG = {"dropout": 0.2, "max_layers": 2}
METRICS = [keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auc")]


def load_and_clean(path):
    data = pd.read_csv(path)
    return data.drop(columns="churn"), LabelEncoder().fit_transform(data["churn"])


features, target = load_and_clean("churn.csv")
features = MinMaxScaler().fit_transform(features)


def build_model(hp):
    inputs = keras.Input(shape=(features.shape[1],), name="features")
    x = inputs
    for i in range(hp.Int("layers", 1, CONFIG["max_layers"])):
        x = keras.layers.Dense(hp.Int(f"units_{i}", 8, args.units, step=8), activation="relu")(x)
        x = keras.layers.Dropout(CONFIG["dropout"])(x)
    outputs = keras.layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=hp.Choice("optimizer", ["adam", "rmsprop"]), loss="binary_crossentropy", metrics=METRICS)
    return model


def run_search():
    tuner = keras_tuner.Hyperband(build_model, keras_tuner.Objective("val_auc", direction="max"), max_epochs=args.epochs)
    tuner.search(features, target, validation_split=0.2)
    return tuner


tuner = run_search()
with open("best.json", "w") as handle:
    json.dump(tuner.get_best_hyperparameters()[0].values, handle)
