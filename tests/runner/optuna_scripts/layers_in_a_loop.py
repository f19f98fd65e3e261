# dataset: digits
import keras
import optuna
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

digits = load_digits()
X = digits.images.astype("float32") / 16.0
y = digits.target
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)


def create_model(trial):
    n_layers = trial.suggest_int("n_layers", 1, 3)
    model = keras.Sequential()
    model.add(keras.layers.Input(shape=X_train.shape[1:]))
    model.add(keras.layers.Flatten())
    for i in range(n_layers):
        num_hidden = trial.suggest_int(f"n_units_l{i}", 4, 32, log=True)
        model.add(keras.layers.Dense(num_hidden, activation="relu"))
        dropout = trial.suggest_float(f"dropout_l{i}", 0.0, 0.4, step=0.1)
        model.add(keras.layers.Dropout(rate=dropout))
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


def create_optimizer(trial):
    kwargs = {}
    optimizer_options = ["RMSprop", "Adam", "SGD"]
    optimizer_selected = trial.suggest_categorical("optimizer", optimizer_options)
    if optimizer_selected == "RMSprop":
        kwargs["learning_rate"] = trial.suggest_float("rmsprop_learning_rate", 1e-5, 1e-1, log=True)
    elif optimizer_selected == "Adam":
        kwargs["learning_rate"] = trial.suggest_float("adam_learning_rate", 1e-5, 1e-1, log=True)
    elif optimizer_selected == "SGD":
        kwargs["learning_rate"] = trial.suggest_float("sgd_opt_learning_rate", 1e-5, 1e-1, log=True)
        kwargs["momentum"] = trial.suggest_float("sgd_opt_momentum", 1e-5, 1e-1, log=True)
    return getattr(keras.optimizers, optimizer_selected)(**kwargs)


def objective(trial: optuna.Trial) -> float:
    model = create_model(trial)
    model.compile(
        optimizer=create_optimizer(trial),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(X_train, y_train, validation_split=0.2, epochs=2, batch_size=64, verbose=0)
    trial.set_user_attr("n_params", model.count_params())
    loss, accuracy = model.evaluate(X_test, y_test, verbose=0)
    return accuracy


study = optuna.create_study(
    direction="maximize", sampler=optuna.samplers.TPESampler(seed=42, multivariate=True)
)
study.enqueue_trial({"n_layers": 1, "n_units_l0": 16, "optimizer": "Adam"})
study.optimize(objective, n_trials=20)
print(study.best_params)
optuna.visualization.plot_optimization_history(study).show()
