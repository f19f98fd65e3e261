# dataset: diabetes
import optuna
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.model_selection import cross_val_score

data = load_diabetes()
X, y = data.data, data.target


def objective(trial):
    alpha = trial.suggest_loguniform("alpha", 1e-4, 1.0)
    l1_ratio = trial.suggest_uniform("l1_ratio", 0.0, 1.0)
    model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio)
    return -cross_val_score(model, X, y, cv=3, scoring="neg_root_mean_squared_error").mean()


results = {}
for name, sampler in {
    "random": optuna.samplers.RandomSampler(42),
    "tpe": optuna.samplers.TPESampler(seed=42),
}.items():
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=20)
    results[name] = study.best_value
print(results)
