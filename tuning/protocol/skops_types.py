"""What a skops file of ours may hold beyond what skops trusts by itself.

Loading a skops file makes objects of the types that it names. Each of these is a class or a
function of scikit-learn or numpy that was looked at: making one, or predicting with it, runs
nothing that came with the file.

A skops file names the types that loading it makes. `tuning/protocol/skops_types.py` lists those
beyond skops' own that are vetted. A runner refuses to save anything else, the supervisor refuses
anything else, and the `predict.py` of the page trusts exactly what its file needs. The supervisor
looks only for the files that the search's kind may have.
"""

_DISTANCES = (
    "BrayCurtis", "Canberra", "Chebyshev", "Euclidean", "Hamming", "Haversine", "Jaccard",
    "Mahalanobis", "Manhattan", "Minkowski", "SEuclidean",
)  # fmt: skip
_KERNELS = (
    "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "Product", "RBF",
    "RationalQuadratic", "Sum", "WhiteKernel",
)  # fmt: skip

# What searches within an estimator (GridSearchCV) remember.
_SPLITTERS = (
    "KFold", "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedKFold",
    "StratifiedShuffleSplit",
)  # fmt: skip
_METRICS = (
    "_classification.accuracy_score", "_classification.balanced_accuracy_score",
    "_classification.f1_score", "_classification.log_loss", "_classification.precision_score",
    "_classification.recall_score", "_ranking.roc_auc_score", "_regression.mean_absolute_error",
    "_regression.mean_squared_error", "_regression.r2_score",
    "_regression.root_mean_squared_error", "_scorer._PassthroughScorer", "_scorer._Scorer",
)  # fmt: skip

VETTED_TYPES = frozenset({
    "builtins.object",
    "numpy.dtype",
    "numpy.max",
    "numpy.mean",
    "numpy.median",
    # Types, as builtins.object is, that make_column_selector is given.
    "numpy.floating",
    "numpy.integer",
    "numpy.number",
    "numpy.object_",
    "sklearn._loss.loss.HalfGammaLoss",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_regression",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.feature_selection._univariate_selection.r_regression",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    *(f"sklearn.metrics._dist_metrics.{name}Distance64" for name in _DISTANCES),
    *(f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS),
    *(f"sklearn.model_selection._split.{name}" for name in _SPLITTERS),
    *(f"sklearn.metrics.{name}" for name in _METRICS),
})  # fmt: skip
