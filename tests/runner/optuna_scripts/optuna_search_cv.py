# dataset: iris
import optuna
from sklearn.datasets import load_iris
from sklearn.svm import SVC

clf = SVC(gamma="auto")
param_distributions = {
    "C": optuna.distributions.FloatDistribution(1e-10, 1e10, log=True),
    "degree": optuna.distributions.IntDistribution(1, 5),
}
optuna_search = optuna.integration.OptunaSearchCV(clf, param_distributions, n_trials=100)
X, y = load_iris(return_X_y=True)
optuna_search.fit(X, y)
