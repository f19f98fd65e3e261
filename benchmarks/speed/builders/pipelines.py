"""Scaling, principal components and a classifier: a pipeline of scikit-learn."""

from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def build_model(hp):
    components = PCA(hp.Int("components", 8, 40, step=8, default=24), random_state=0)
    kind = hp.Choice("classifier", ["svm", "logistic"])
    with hp.conditional_scope("classifier", ["svm"]):
        cost = hp.Float("cost", 1e-1, 1e3, sampling="log", default=1.0)
        gamma = hp.Float("gamma", 1e-4, 1e-1, sampling="log", default=1e-2)
    with hp.conditional_scope("classifier", ["logistic"]):
        inverse = hp.Float("inverse_penalty", 1e-3, 1e1, sampling="log", default=1.0)
    if kind == "svm":
        classifier = SVC(C=cost, gamma=gamma)
    else:
        classifier = LogisticRegression(C=inverse, max_iter=1000)
    return make_pipeline(StandardScaler(), components, classifier)
