# dataset: wine
import optuna
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

df = pd.read_csv("wine.csv")
X = df.drop(columns=["target"])
y = df["target"]
X_train, X_valid, y_train, y_valid = train_test_split(
    X, y, test_size=0.25, stratify=y, random_state=1
)

SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}


def instantiate_scaler(trial):
    name = trial.suggest_categorical("scaler", list(SCALERS))
    if name == "minmax":
        high = trial.suggest_float("minmax_high", 0.5, 2.0)
        return MinMaxScaler((0, high))
    return SCALERS[name]()


def instantiate_reducer(trial):
    method = trial.suggest_categorical("reducer", ["none", "pca", "kbest"])
    if method == "pca":
        return PCA(n_components=trial.suggest_int("pca_components", 2, 5))
    if method == "kbest":
        return SelectKBest(f_classif, k=trial.suggest_int("k", 2, 8))
    return "passthrough"


def instantiate_model(trial):
    family = trial.suggest_categorical("family", ["trees", "linear"])
    if family == "linear":
        penalty = trial.suggest_categorical("penalty", ["l2", "elasticnet"])
        extra = {}
        if penalty == "elasticnet":
            extra["l1_ratio"] = trial.suggest_float("l1_ratio", 0.0, 1.0, step=0.1)
        return LogisticRegression(
            C=trial.suggest_float("C", 1e-3, 1e2, log=True), solver="saga", max_iter=200, **extra
        )
    which = trial.suggest_categorical("trees", ["extra", "boosting"])
    n_estimators = trial.suggest_int("n_estimators", 5, 25, step=5)
    if which == "extra":
        return ExtraTreesClassifier(n_estimators=n_estimators, random_state=0)
    return GradientBoostingClassifier(
        n_estimators=n_estimators, learning_rate=trial.suggest_float("eta", 0.01, 0.3, log=True)
    )


def objective(trial):
    model = Pipeline(
        [
            ("scaler", instantiate_scaler(trial)),
            ("reducer", instantiate_reducer(trial)),
            ("model", instantiate_model(trial)),
        ]
    )
    model.fit(X_train, y_train)
    return f1_score(y_valid, model.predict(X_valid), average="macro")


def run_study(n_trials=40):
    sampler = optuna.samplers.TPESampler(seed=7, **optuna.samplers.TPESampler.hyperopt_parameters())
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(objective, n_trials=n_trials, show_progress_bar=True)
    return study


study = run_study()
best = study.best_params
print(best)
optuna.visualization.plot_param_importances(study).show()
