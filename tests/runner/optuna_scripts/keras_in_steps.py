# dataset: digits
import keras
import numpy as np
import optuna
from keras import layers
from optuna_integration import KerasPruningCallback

EPOCHS = 3


def load_data():
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train = np.expand_dims(x_train, -1).astype("float32") / 255.0
    x_test = np.expand_dims(x_test, -1).astype("float32") / 255.0
    return x_train, y_train, x_test, y_test


x_train, y_train, x_test, y_test = load_data()
num_classes = len(np.unique(y_train))


def create_model(trial):
    model = keras.Sequential([keras.Input(shape=x_train.shape[1:]), layers.Flatten()])
    for i in range(trial.suggest_int("n_layers", 1, 2)):
        model.add(layers.Dense(trial.suggest_int(f"units_{i}", 8, 24, step=8), activation="relu"))
        if trial.suggest_categorical(f"use_dropout_{i}", [True, False]):
            model.add(layers.Dropout(trial.suggest_float(f"dropout_{i}", 0.1, 0.5)))
    model.add(layers.Dense(num_classes, activation="softmax"))
    name = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    optimizer = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[name](lr)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def objective(trial):
    keras.backend.clear_session()
    model = create_model(trial)
    history = model.fit(
        x_train, y_train,
        validation_split=0.2,
        epochs=EPOCHS,
        batch_size=trial.suggest_categorical("batch_size", [32, 64]),
        callbacks=[
            KerasPruningCallback(trial, "val_loss"),
            keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True),
        ],
        verbose=0,
    )
    return min(history.history["val_loss"])


study = optuna.create_study(
    direction="minimize",
    sampler=optuna.samplers.QMCSampler(qmc_type="halton", scramble=True, seed=11),
    pruner=optuna.pruners.PatientPruner(
        optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1), patience=1, min_delta=0.01
    ),
)
study.optimize(objective, n_trials=20, timeout=None)
