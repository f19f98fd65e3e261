"""Where the built-in datasets come from: scikit-learn's own files and keras.datasets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuning.protocol.catalogue import CatalogueEntry
from tuning.runner.channel import Channel

from .downloads import download


@dataclass(frozen=True)
class Source:
    """A dataset as the runner uses it. x: an array of images (rows, height, width, channels) in
    their own values, or of tables as float32; or `SeriesWindows`. y: int64 classes counted from 0,
    or float32 values; with a column for each of `target_names`, if there are several targets or
    labels."""

    x: Any
    y: np.ndarray
    class_names: list[str] = field(default_factory=list)
    feature_names: list[str] = field(default_factory=list)
    target_name: str = "class"
    target_names: list[str] = field(default_factory=list)
    origin: str = ""
    citation: str = ""
    # Python lines that give a person the same x and y on their own machine.
    load_snippet: str = ""


def load_source(entry: CatalogueEntry, channel: Channel) -> Source:
    """Load a built-in dataset, downloading it if need be. Raises NoNetwork."""
    if entry.key in _LOADERS:
        return _LOADERS[entry.key](entry, channel)
    # Only here: it needs `Source`.
    from . import made

    loaders = {
        "digit-scenes": made.load_digit_scenes, "robot-arm": made.load_robot_arm,
        "pump-sensors": made.load_pump_sensors, "gestures": made.load_gestures,
    }  # fmt: skip
    return loaders[entry.key]()


_SKLEARN_ORIGIN = "Bundled with scikit-learn, from the UCI Machine Learning Repository."


def _digits(entry: CatalogueEntry, channel: Channel) -> Source:  # noqa: ARG001
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Source(
        x=bunch.images[..., None].astype(np.float32),
        y=bunch.target.astype(np.int64),
        class_names=[str(name) for name in bunch.target_names],
        origin=_SKLEARN_ORIGIN,
        citation="E. Alpaydin, C. Kaynak (1998): Optical Recognition of Handwritten Digits. "
        "UCI, CC BY 4.0.",
        load_snippet=(
            "from sklearn.datasets import load_digits\n\n"
            "digits = load_digits()\n"
            'x = digits.images[..., None].astype("float32")\n'
            "y = digits.target\n"
        ),
    )


def _table(function: str, citation: str) -> Callable[[CatalogueEntry, Channel], Source]:
    """A loader of one of scikit-learn's tables with classes."""

    def load(entry: CatalogueEntry, channel: Channel) -> Source:  # noqa: ARG001
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, function)()
        return Source(
            x=bunch.data.astype(np.float32),
            y=bunch.target.astype(np.int64),
            class_names=[str(name) for name in bunch.target_names],
            feature_names=[str(name) for name in bunch.feature_names],
            origin=_SKLEARN_ORIGIN,
            citation=citation,
            load_snippet=(
                f"from sklearn.datasets import {function}\n\n"
                f"x, y = {function}(return_X_y=True)\n"
                'x = x.astype("float32")\n'
            ),
        )

    return load


def _diabetes(entry: CatalogueEntry, channel: Channel) -> Source:  # noqa: ARG001
    from sklearn.datasets import load_diabetes

    # Not scaled: people see years and blood pressures, and templates normalise for themselves.
    bunch = load_diabetes(scaled=False)
    return Source(
        x=bunch.data.astype(np.float32),
        y=bunch.target.astype(np.float32),
        feature_names=[str(name) for name in bunch.feature_names],
        target_name="progression",
        origin="Bundled with scikit-learn, from the article cited.",
        citation="B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004): Least Angle Regression. "
        "Annals of Statistics.",
        load_snippet=(
            "from sklearn.datasets import load_diabetes\n\n"
            "x, y = load_diabetes(return_X_y=True, scaled=False)\n"
            'x, y = x.astype("float32"), y.astype("float32")\n'
        ),
    )


def _keras_images(
    module: str, class_names: list[str], citation: str
) -> Callable[[CatalogueEntry, Channel], Source]:
    """A loader of one of keras.datasets' image sets, both parts pooled."""

    def load(entry: CatalogueEntry, channel: Channel) -> Source:
        x, y = _pooled(module, entry, channel)
        return Source(
            x=x.reshape(*x.shape[:3], -1),
            y=y.reshape(-1).astype(np.int64),
            class_names=class_names,
            origin="Downloaded by keras.datasets; its training and test parts together.",
            citation=citation,
            load_snippet=_pooled_snippet(
                module, "x = x.reshape(*x.shape[:3], -1)\ny = y.reshape(-1)\n"
            ),
        )

    return load


def _california_housing(entry: CatalogueEntry, channel: Channel) -> Source:
    x, y = _pooled("california_housing", entry, channel, version="large")
    return Source(
        x=x.astype(np.float32),
        y=y.reshape(-1).astype(np.float32),
        feature_names=[
            "longitude",
            "latitude",
            "housing_median_age",
            "total_rooms",
            "total_bedrooms",
            "population",
            "households",
            "median_income",
        ],
        target_name="median_house_value",
        origin="Downloaded by keras.datasets; its training and test parts together.",
        citation="R. K. Pace, R. Barry (1997): Sparse Spatial Autoregressions. Statistics and "
        "Probability Letters.",
        load_snippet=_pooled_snippet(
            "california_housing", 'x, y = x.astype("float32"), y.astype("float32")\n'
        ),
    )


def _pooled(module: str, entry: CatalogueEntry, channel: Channel, **options: Any) -> Any:
    """x and y of keras.datasets' training part followed by its test part."""

    # Only here: the bundled datasets are prepared without Keras.
    import keras

    load_data = getattr(keras.datasets, module).load_data
    parts = download(entry, lambda: load_data(**options), channel)
    (x_train, y_train), (x_test, y_test) = parts
    return np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])


def _pooled_snippet(module: str, ending: str) -> str:
    return (
        "import keras\nimport numpy as np\n\n"
        f"(x1, y1), (x2, y2) = keras.datasets.{module}.load_data()\n"
        "x, y = np.concatenate([x1, x2]), np.concatenate([y1, y2])\n" + ending
    )


_CLOTHES = [
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
]  # fmt: skip
_CIFAR10 = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
]  # fmt: skip

_LOADERS: dict[str, Callable[[CatalogueEntry, Channel], Source]] = {
    "digits": _digits,
    "breast-cancer": _table(
        "load_breast_cancer",
        "W. Wolberg, O. Mangasarian, N. Street, W. Street (1995): Breast Cancer Wisconsin "
        "(Diagnostic). UCI, CC BY 4.0.",
    ),
    "wine": _table("load_wine", "S. Aeberhard, M. Forina (1991): Wine. UCI, CC BY 4.0."),
    "iris": _table("load_iris", "R. A. Fisher (1936): Iris. UCI, CC BY 4.0."),
    "diabetes": _diabetes,
    "mnist": _keras_images(
        "mnist",
        [str(digit) for digit in range(10)],
        "Y. LeCun, C. Cortes: The MNIST database. CC BY-SA 3.0.",
    ),
    "fashion-mnist": _keras_images(
        "fashion_mnist",
        _CLOTHES,
        "H. Xiao, K. Rasul, R. Vollgraf (2017): Fashion-MNIST. MIT licence.",
    ),
    "cifar10": _keras_images(
        "cifar10",
        _CIFAR10,
        "A. Krizhevsky (2009): Learning Multiple Layers of Features from Tiny Images.",
    ),
    "california-housing": _california_housing,
}
