# dataset: wine
# note: X_train
import pandas as pd
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler
from tensorflow.keras import layers, models, optimizers, utils
import keras_tuner

df = pd.read_csv("winequality.csv")
X = df.drop("quality", axis=1).values
y = LabelEncoder().fit_transform(df["quality"])
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
sc = StandardScaler()
X_train = sc.fit_transform(X_train)
X_test = sc.transform(X_test)
y_train = utils.to_categorical(y_train)
y_test = utils.to_categorical(y_test)
n_inputs = X_train.shape[1]
n_out = y_train.shape[1]


def make_net(hp):
    net = models.Sequential()
    net.add(layers.Dense(hp.Int("first", 8, 32, 8), activation="relu", input_dim=n_inputs))
    if hp.Boolean("dropout"):
        net.add(layers.Dropout(0.25))
    net.add(layers.Dense(n_out, activation="softmax"))
    net.compile(optimizer=optimizers.Adam(hp.Float("lr", 1e-4, 1e-2, sampling="log")),
                loss="categorical_crossentropy", metrics=["accuracy"])
    return net


def run_search():
    tuner = keras_tuner.BayesianOptimization(make_net, objective="val_accuracy", max_trials=5)
    tuner.search(X_train, y_train, epochs=10, validation_data=(X_test, y_test))
    return tuner


if __name__ == "__main__":
    best = run_search().get_best_models(1)[0]
    print(best.evaluate(X_test, y_test))
