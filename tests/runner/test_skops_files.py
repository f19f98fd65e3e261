"""Fitted estimators as files: what loading them has to trust is known and vetted."""

import importlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, QuantileTransformer
from sklearn.svm import SVC, LinearSVC

from tuning.protocol.model_kinds import ESTIMATOR_FILE
from tuning.protocol.skops_types import VETTED_TYPES
from tuning.runner.failures import TemplateError
from tuning.runner.saved.skops_files import save_estimator


@pytest.mark.parametrize("name", sorted(VETTED_TYPES))
def test_every_vetted_type_is_there(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)


ABOUT = {"class_names": ["setosa", "versicolor", "virginica"]}
TWO = [("bayes", GaussianNB()), ("tree", ExtraTreesClassifier(5))]


@pytest.mark.parametrize(
    "estimator",
    [
        AdaBoostClassifier(n_estimators=5),
        CalibratedClassifierCV(LinearSVC()),
        GaussianProcessClassifier(RBF() + WhiteKernel(), optimizer=None),
        GradientBoostingClassifier(n_estimators=5),
        HistGradientBoostingClassifier(max_iter=5),
        KNeighborsClassifier(metric="manhattan"),
        KNeighborsClassifier(algorithm="ball_tree"),
        MLPClassifier(solver="lbfgs", max_iter=2000),
        SGDClassifier(),
        StackingClassifier(TWO, LogisticRegression(max_iter=1000)),
        SVC(),
        VotingClassifier(TWO),
        GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-8]}, scoring="f1_macro"),
        RandomizedSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-8]}, n_iter=1),
        make_pipeline(PowerTransformer(), PCA(2), GaussianNB()),
        make_pipeline(QuantileTransformer(n_quantiles=20), GaussianNB()),
        make_pipeline(SelectKBest(f_classif, k=2), GaussianNB()),
        make_pipeline(FunctionTransformer(np.log1p), GaussianNB()),
    ],
    ids=repr,
)
def test_what_people_use_can_be_saved(
    estimator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Some draw their first weights or the order of rows, and may not converge by chance.
    np.random.seed(0)
    x, y = load_iris(return_X_y=True)
    types = save_estimator(estimator.fit(x, y), x, ABOUT)
    assert [path.name for path in tmp_path.iterdir()] == [ESTIMATOR_FILE]
    assert set(types) <= VETTED_TYPES
    with zipfile.ZipFile(ESTIMATOR_FILE) as archive:
        assert json.loads(archive.read("description.json")) == ABOUT


class Forgetful(ClassifierMixin, BaseEstimator):
    """A class of a template's own."""

    def fit(self, x: Any, y: Any) -> "Forgetful":
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: Any) -> Any:
        return np.zeros(len(x), int)


def call_home(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (Forgetful(), "holds tests.runner.test_skops_files.Forgetful, which cannot be saved"),
        (make_pipeline(FunctionTransformer(call_home), GaussianNB()), "test_skops_files.call_home"),
        (make_pipeline(FunctionTransformer(lambda x: x), GaussianNB()), ""),
        (make_pipeline(FunctionTransformer(np.load), GaussianNB()), "numpy.load"),
    ],
)
def test_what_is_not_vetted_is_refused(
    estimator: Any, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = load_iris(return_X_y=True)
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    last.fit(x, y)
    with pytest.raises(TemplateError) as refused:
        save_estimator(estimator, x, ABOUT)
    assert reason in str(refused.value)
    assert "cannot be saved" in str(refused.value)
    assert list(tmp_path.iterdir()) == []
