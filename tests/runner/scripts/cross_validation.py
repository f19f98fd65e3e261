# dataset: iris
# note: Its tuner class CVTuner runs each trial by itself
"""Cross-validation in a Tuner class, on the script's own arrays."""
import keras_tuner
import numpy as np
from sklearn import model_selection
from sklearn.preprocessing import OneHotEncoder
import pandas as pd
from tensorflow import keras

frame = pd.read_csv("iris.csv")
X = frame.iloc[:, :4].values
y = OneHotEncoder(sparse_output=False).fit_transform(frame.iloc[:, 4:5])


def build_model(hp):
    model = keras.Sequential()
    model.add(keras.layers.Input((X.shape[1],)))
    model.add(keras.layers.Dense(hp.Int("units", 4, 16, step=4), activation="relu"))
    model.add(keras.layers.Dense(y.shape[1], activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


class CVTuner(keras_tuner.engine.tuner.Tuner):
    def run_trial(self, trial, x, y, batch_size=32, epochs=1):
        cv = model_selection.KFold(3)
        val_losses = []
        for train_indices, test_indices in cv.split(x):
            x_train, x_test = x[train_indices], x[test_indices]
            y_train, y_test = y[train_indices], y[test_indices]
            model = self.hypermodel.build(trial.hyperparameters)
            model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs)
            val_losses.append(model.evaluate(x_test, y_test)[0])
        self.oracle.update_trial(trial.trial_id, {"val_loss": np.mean(val_losses)})
        self.save_model(trial.trial_id, model)


tuner = CVTuner(
    hypermodel=build_model,
    oracle=keras_tuner.oracles.BayesianOptimizationOracle(objective="val_loss", max_trials=40))
tuner.search(X, y, batch_size=64, epochs=30)
