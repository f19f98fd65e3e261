"""A pipeline of scikit-learn."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build_model(hp):
    penalty = hp.Float("inverse_penalty", 1e-3, 1e3, sampling="log")
    return make_pipeline(StandardScaler(), LogisticRegression(C=penalty))
