"""Importing Keras and KerasTuner once, quietly, and with this machine's devices set up."""

import gc
import importlib
import importlib.metadata
import multiprocessing
import os
import platform
from collections.abc import Callable
from pathlib import Path

# What trained models depend on.
NETWORK_PACKAGES = ("keras", "tensorflow", "keras-tuner", "numpy")
ESTIMATOR_PACKAGES = ("scikit-learn", "skops", "keras-tuner", "numpy", "scipy")


# What orders need, the most frequent first. Importing it starts no threads that open files:
# `hardening.confine_to_dataset` would not bind those.
_MODULES = (
    "tuning.runner.networks.search",
    "tuning.runner.estimators.search",
    "tuning.runner.inspection",
    "tuning.runner.prediction.answer",
    "tuning.runner.networks.retrain",
    "tuning.runner.estimators.retrain",
    "tuning.runner.dry_run",
    "tuning.runner.optuna_scripts.search",
    "tuning.runner.custom_tuners.search",
    "tuning.runner.datasets.prepare",
    "tuning.runner.evaluation.saved",
    "tuning.runner.imports.importing",
)
# It looks for each of its types through all modules that there are: after TensorFlow's 3,000 it
# takes a second of a processor more.
_BEFORE_TENSORFLOW = "skops.io"


def load_libraries(is_awaited: Callable[[], bool] = lambda: True) -> None:
    """Import what training needs: seconds and hundreds of MiB, so it is done once a process. Until
    a person waits for the process, what its first order may need is imported as well."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Several runners may share a GPU: none takes all of its memory at once.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    # The collector would look through what is imported again and again: a quarter of the time.
    gc.disable()
    try:
        if not is_awaited():
            importlib.import_module(_BEFORE_TENSORFLOW)
        import keras_tuner  # noqa: F401

        from tuning.runner.networks.gradients import forget_gradients_with_graphs
        from tuning.runner.networks.quick_fit import install
        from tuning.runner.saved.constructor_arguments import note_constructor_arguments

        install()
        note_constructor_arguments()
        forget_gradients_with_graphs()
        for name in _MODULES:
            if not is_awaited():
                importlib.import_module(name)
    finally:
        gc.enable()
    # KerasTuner collects garbage before each build, which takes 0.2-0.4 s with TensorFlow's
    # objects to look through. Frozen ones are not looked through.
    gc.collect()
    gc.freeze()


def load_everything() -> None:
    """For a process of which runners are forks: none of them waits for these imports."""
    load_libraries(lambda: False)


def settle_in() -> None:
    """In a fork of a process that has loaded the libraries: what they took from that one's
    environment becomes this one's, and no two forks draw the same numbers or have one key."""
    import keras.src.backend.config
    import numpy as np

    np.random.seed()
    multiprocessing.current_process().authkey = os.urandom(32)
    folder = os.environ["KERAS_HOME"]
    Path(folder).mkdir(exist_ok=True)
    keras.src.backend.config._KERAS_DIR = folder


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name.replace("-", "_")] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # TensorFlow, on a machine with another backend.
    return found
