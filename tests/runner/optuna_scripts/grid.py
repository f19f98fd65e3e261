# dataset: wine
import optuna
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

X, y = load_wine(return_X_y=True)


def objective(trial):
    components = trial.suggest_int("components", 1, 5)
    whiten = trial.suggest_categorical("whiten", [True, False])
    smoothing = trial.suggest_float("smoothing", 1e-9, 1e-3, log=True)
    model = make_pipeline(PCA(components, whiten=whiten), GaussianNB(var_smoothing=smoothing))
    return cross_val_score(model, X, y, cv=3).mean()


search_space = {"components": [1, 3, 5], "whiten": [True, False]}
sampler = optuna.samplers.GridSampler(search_space, seed=1)
study = optuna.create_study(direction="maximize", sampler=sampler)
study.enqueue_trial({"components": 2})
study.optimize(objective, n_trials=50)
