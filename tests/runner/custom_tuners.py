"""Tuner classes as KerasTuner's guides and people write them."""

HEAD = """
import os
import numpy as np
import keras
from keras import layers
import keras_tuner
import keras_tuner as kt
"""
BUILDER = """
def build_model(hp):
    model = keras.Sequential([
        layers.Input((8, 8, 1)),
        layers.Flatten(),
        layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
# KerasTuner's guide "Getting started": keep Keras code separate, no data given, saved to /tmp.
BLACKBOX = (
    HEAD
    + """
def keras_code(units, optimizer, saving_path):
    model = keras.Sequential([layers.Dense(units=units, activation="relu"), layers.Dense(units=1)])
    model.compile(optimizer=optimizer, loss="mean_squared_error")
    x_train = np.random.rand(100, 10)
    y_train = np.random.rand(100, 1)
    x_val = np.random.rand(20, 10)
    y_val = np.random.rand(20, 1)
    model.fit(x_train, y_train)
    model.save(saving_path)
    y_pred = model.predict(x_val)
    return np.mean(np.abs(y_pred - y_val))


class MyTuner(keras_tuner.RandomSearch):
    def run_trial(self, trial, **kwargs):
        hp = trial.hyperparameters
        return keras_code(
            units=hp.Int("units", 32, 128, 32),
            optimizer=hp.Choice("optimizer", ["adam", "adadelta"]),
            saving_path=os.path.join("/tmp", f"{trial.trial_id}.keras"),
        )


tuner = MyTuner(max_trials=3, overwrite=True, directory="my_dir", project_name="separate")
tuner.search()
best_hp = tuner.get_best_hyperparameters()[0]
keras_code(**best_hp.values, saving_path="/tmp/best_model.keras")
"""
)
# The documentation of Tuner.run_trial.
FUNCTION = """
import keras_tuner as kt

class Parabola(kt.Tuner):
    def run_trial(self, trial, *args, **kwargs):
        hp = trial.hyperparameters
        x = hp.Float("x", -2.0, 2.0)
        return x * x + 2 * x + 1
"""
# The classic: a tuned batch size and number of epochs, the rest left to KerasTuner.
BATCH_SIZE = (
    HEAD
    + BUILDER
    + """
class MyTuner(kt.tuners.BayesianOptimization):
    def run_trial(self, trial, *args, **kwargs):
        kwargs['batch_size'] = trial.hyperparameters.Int('batch_size', 32, 256, step=32)
        return super(MyTuner, self).run_trial(trial, *args, **kwargs)

tuner = MyTuner(build_model, objective='val_accuracy', max_trials=20)
tuner.search(x, y, epochs=10, validation_split=0.2)
"""
)
HYPERBAND = (
    HEAD.replace("import keras_tuner\n", "import kerastuner\n")
    + BUILDER
    + """
class MyHyperband(kt.Hyperband):
    def __init__(self, hypermodel, objective, max_epochs, smallest=16, **kwargs):
        super().__init__(hypermodel, objective, max_epochs, **kwargs)
        self.smallest = smallest

    def run_trial(self, trial, *args, **kwargs):
        kwargs["batch_size"] = trial.hyperparameters.Int("batch_size", self.smallest, 64, step=16)
        return super().run_trial(trial, *args, **kwargs)
"""
)
# The old guide "Custom training loop": reports by on_epoch_end, returns nothing.
CUSTOM_LOOP = """
import tensorflow as tf
import keras_tuner as kt

def build_model(hp):
    inputs = tf.keras.Input(shape=(8, 8, 1))
    x = tf.keras.layers.Flatten()(inputs)
    x = tf.keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu")(x)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(10)(x))

class MyTuner(kt.Tuner):
    def run_trial(self, trial, train_ds):
        hp = trial.hyperparameters
        train_ds = train_ds.batch(hp.Int("batch_size", 32, 128, step=32, default=64))
        model = self.hypermodel.build(trial.hyperparameters)
        lr = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
        optimizer = tf.keras.optimizers.Adam(lr)
        epoch_loss_metric = tf.keras.metrics.Mean()

        @tf.function
        def run_train_step(data):
            images = tf.dtypes.cast(data["image"], "float32") / 16.0
            labels = data["label"]
            with tf.GradientTape() as tape:
                logits = model(images)
                loss = tf.keras.losses.sparse_categorical_crossentropy(
                    labels, logits, from_logits=True)
                if tf.reduce_mean(loss) > 100.0:
                    loss = loss / 2.0
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            epoch_loss_metric.update_state(loss)
            return tf.reduce_mean(loss)

        for epoch in range(2):
            self.on_epoch_begin(trial, model, epoch, logs={})
            for batch, data in enumerate(train_ds):
                self.on_batch_begin(trial, model, batch, logs={})
                batch_loss = float(run_train_step(data))
                self.on_batch_end(trial, model, batch, logs={"loss": batch_loss})
            epoch_loss = epoch_loss_metric.result().numpy()
            self.on_epoch_end(trial, model, epoch, logs={"loss": epoch_loss})
            epoch_loss_metric.reset_state()

def main():
    tuner = MyTuner(
        oracle=kt.oracles.BayesianOptimizationOracle(
            objective=kt.Objective("loss", "min"), max_trials=2),
        hypermodel=build_model, directory="results", project_name="custom_training")
    tuner.search(train_ds=None)

if __name__ == "__main__":
    main()
"""
# A scikit-learn model, on BaseTuner, with a constructor of its own and conditional values.
FOREIGN = """
import pickle
import keras_tuner
from keras_tuner.engine import base_tuner
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

FOLDS = 2

class ForestTuner(base_tuner.BaseTuner):
    def __init__(self, oracle, folds=5, **kwargs):
        super().__init__(oracle=oracle, **kwargs)
        self.folds = folds

    def run_trial(self, trial, x_train, y_train, x_val, y_val):
        hp = trial.hyperparameters
        kind = hp.Choice("kind", ["forest", "linear"])
        with hp.conditional_scope("kind", ["forest"]):
            if kind == "forest":
                model = RandomForestClassifier(hp.Int("trees", 2, 10), random_state=0)
        with hp.conditional_scope("kind", ["linear"]):
            if kind == "linear":
                model = LogisticRegression(C=hp.Float("C", 0.1, 10.0, sampling="log"))
        scores = []
        for fold in range(self.folds):
            model.fit(x_train.reshape(len(x_train), -1)[fold::2], y_train[fold::2])
            scores.append({"accuracy": model.score(x_val.reshape(len(x_val), -1), y_val)})
        self.save_model(trial.trial_id, model)
        return scores

    def save_model(self, trial_id, model, step=0):
        with open(os.path.join(self.get_trial_dir(trial_id), "model.pickle"), "wb") as file:
            pickle.dump(model, file)

    def load_model(self, trial):
        return None

import os
tuner = ForestTuner(keras_tuner.oracles.GridSearchOracle(
    objective=keras_tuner.Objective("accuracy", "max"), max_trials=4), folds=FOLDS)
tuner.search(x_train, y_train, x_test, y_test)
"""
# Early KerasTuner: update_trial by hand, save_model, the data as globals of the script.
OLD_STYLE = (
    HEAD
    + BUILDER
    + """
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()

class SearchOfOurs(kt.RandomSearch):
    def run_trial(self, trial, *fit_args, **fit_kwargs):
        model = self.hypermodel.build(trial.hyperparameters)
        epochs = trial.hyperparameters.Int("epochs", 2, 4)
        model.fit(x_train, y_train, epochs=epochs, verbose=0)
        score = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
        self.oracle.update_trial(trial.trial_id, {"test_acc": score["accuracy"]})
        self.save_model(trial.trial_id, model)

tuner = SearchOfOurs(build_model, objective=kt.Objective("test_acc", "max"), max_trials=2)
tuner.search(verbose=0)
"""
)
# Arguments by names, a History as the result, values that only some trials ask for.
FITTING = (
    HEAD
    + BUILDER
    + """
class Fitting(kt.GridSearch):
    def run_trial(self, trial, x, y, batch_size=None, validation_data=None, epochs=1,
                  callbacks=None):
        hp = trial.hyperparameters
        model = self.hypermodel.build(hp)
        if hp.get("units") == 16:
            hp.Float("late", 0.0, 1.0, default=0.5)
        return model.fit(x, y, batch_size=batch_size, validation_data=validation_data,
                         epochs=epochs, callbacks=callbacks, verbose=0)
"""
)
# Given to model.fit twice, handed to a function that takes none; troubles on demand.
TWICE = (
    HEAD
    + BUILDER
    + """
class Twice(kt.RandomSearch):
    def run_trial(self, trial, *args, **kwargs):
        hp = trial.hyperparameters
        trouble = hp.Choice("trouble", ["none", "raise", "failed", "nan", "none at all", "text",
                                        "other", "fatal"])
        if trouble == "raise":
            raise ValueError("these do not fit")
        if trouble == "failed":
            raise kt.errors.FailedTrialError("oversized")
        if trouble == "fatal":
            raise kt.errors.FatalValueError("no")
        results = {"nan": float("nan"), "none at all": None, "text": "good", "other": {"a": 1.0}}
        if trouble in results:
            return results[trouble]
        model = self.hypermodel.build(hp)
        history = model.fit(*args, batch_size=hp.Choice("batch_size", [16, 32]), **kwargs)
        return float(max(history.history["val_accuracy"]))

tuner = Twice(build_model, kt.Objective("val_accuracy", direction="max"), max_trials=3)
tuner.search(x, y)
"""
)
TEMPLATES = {
    "blackbox": BLACKBOX,
    "function": FUNCTION,
    "batch_size": BATCH_SIZE,
    "hyperband": HYPERBAND,
    "custom_loop": CUSTOM_LOOP,
    "foreign": FOREIGN,
    "old_style": OLD_STYLE,
    "fitting": FITTING,
    "twice": TWICE,
}
UNUSABLE = {
    "asks": HEAD + "class A(kt.Tuner):\n    def run_trial(self, trial, x, y, z, colour, more):\n"
    "        return 1.0\n",
    "constructor": HEAD + "class A(kt.Tuner):\n    def __init__(self, oracle, secret):\n"
    "        super().__init__(oracle)\n    def run_trial(self, trial):\n        return 1.0\n",
    "nothing": HEAD + "class A(kt.Tuner):\n    def run_trial(self, trial):\n        pass\n",
    "no builder": HEAD + "class A(kt.Tuner):\n    def run_trial(self, trial):\n"
    "        return self.hypermodel.build(trial.hyperparameters).evaluate()\n",
    "two": HEAD + "class A(kt.Tuner):\n    pass\nclass B(kt.RandomSearch):\n    pass\n",
}  # fmt: skip
MORE = {
    # A list of scores, one for each of three networks.
    "folds": HEAD
    + BUILDER
    + """
class Folds(kt.Tuner):
    def run_trial(self, trial, x_train, y_train, **fit_kwargs):
        scores = []
        for fold in range(3):
            held_out = np.arange(len(x_train)) % 3 == fold
            model = self.hypermodel.build(trial.hyperparameters)
            model.fit(x_train[~held_out], y_train[~held_out], **fit_kwargs)
            scores.append({"accuracy": model.evaluate(x_train[held_out], y_train[held_out])[1]})
        return scores
""",
    # An epoch is a call of fit; what it reports itself counts, not what Keras says meanwhile.
    "stepwise": HEAD
    + BUILDER
    + """
class Stepwise(kt.RandomSearch):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, objective=kt.Objective("mine", "max"), **kwargs)

    def run_trial(self, trial, x, y, epochs, validation_data):
        model = self.hypermodel.build(trial.hyperparameters)
        for epoch in range(epochs):
            model.fit(x, y, epochs=1, verbose=0)
            score = model.evaluate(*validation_data, verbose=0, return_dict=True)["accuracy"]
            self.on_epoch_end(trial, model, epoch, logs={"mine": score})
        return score
""",
    # A class that the script does not use.
    "unused": BATCH_SIZE.replace("tuner = MyTuner(", "tuner = kt.Hyperband("),
    # KerasTuner's cross-validation, extended.
    "cross_validation": """
import keras_tuner as kt
from sklearn import ensemble, metrics, model_selection

def build_model(hp):
    return ensemble.RandomForestClassifier(n_estimators=hp.Int("trees", 2, 6), random_state=1)

class Flattened(kt.tuners.SklearnTuner):
    def run_trial(self, trial, X, y, **kwargs):
        return super().run_trial(trial, X.reshape(len(X), -1), y)

tuner = Flattened(
    oracle=kt.oracles.BayesianOptimizationOracle(objective=kt.Objective("score", "max")),
    hypermodel=build_model, scoring=metrics.make_scorer(metrics.accuracy_score),
    cv=model_selection.StratifiedKFold(2))
tuner.search(X, y)
""",
    "scaling": (HEAD + BUILDER)
    + """
class Scaling(kt.RandomSearch):
    def run_trial(self, trial, x, y):
        model = self.hypermodel.build(trial.hyperparameters)
        return model.fit(x / 16.0, y)
""",
    "endless": HEAD
    + """
import time

class Endless(kt.Tuner):
    def run_trial(self, trial):
        hp = trial.hyperparameters
        hp.Boolean("a")
        with hp.conditional_scope("a", [time.time()]):
            hp.Int("b", 1, 2)
        return 1.0
""",
}
