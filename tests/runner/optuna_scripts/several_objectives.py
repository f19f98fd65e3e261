# dataset: digits
import optuna
from tensorflow import keras
from tensorflow.keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0


def objective(trial):
    units = trial.suggest_int("units", 4, 64, step=4)
    model = keras.Sequential(
        [
            layers.Input(shape=x_train.shape[1:]),
            layers.Flatten(),
            layers.Dense(
                units, activation=trial.suggest_categorical("activation", ["relu", "tanh"])
            ),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=1, batch_size=64, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    return model.count_params(), accuracy


if __name__ == "__main__":
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.set_metric_names(["parameters_of_model", "test_accuracy"])
    study.optimize(objective, n_trials=30, timeout=300)
    print("Number of finished trials: ", len(study.trials))
    print("Pareto front:")
    for trial in sorted(study.best_trials, key=lambda t: t.values):
        print("  Trial#{}".format(trial.number))
