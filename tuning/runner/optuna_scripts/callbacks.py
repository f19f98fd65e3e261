"""Keras's pruning callbacks of Optuna, for scripts that import them where the package
optuna-integration is not installed: `optuna.integration` finds its classes there."""

import importlib.util
import sys
import warnings
from types import ModuleType
from typing import Any, NoReturn

import keras
import optuna

from tuning.runner.failures import TemplateError

PACKAGE = "optuna_integration"
_KERAS = {"keras": "KerasPruningCallback", "tfkeras": "TFKerasPruningCallback"}
# Of packages that are not installed either: they fail where they are used.
_OTHERS = {
    # It stands for LightGBM itself as well: `import optuna.integration.lightgbm as lgb`.
    "lightgbm": (
        "LightGBMPruningCallback", "LightGBMTuner", "LightGBMTunerCV", "train", "cv", "Dataset",
        "LGBMClassifier", "LGBMRegressor",
    ),
    "xgboost": ("XGBoostPruningCallback",),
    "catboost": ("CatBoostPruningCallback",),
    "sklearn": ("OptunaSearchCV",),
    "pytorch_lightning": ("PyTorchLightningPruningCallback",),
    "mlflow": ("MLflowCallback",),
    "wandb": ("WeightsAndBiasesCallback",),
    "tensorboard": ("TensorBoardCallback",),
}  # fmt: skip


class KerasPruningCallback(keras.callbacks.Callback):
    """Reports `monitor` of every `interval`-th epoch, and ends a pruned trial."""

    def __init__(self, trial: optuna.Trial, monitor: str, interval: int = 1) -> None:
        super().__init__()
        self._trial, self._monitor, self._interval = trial, monitor, interval

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if (epoch + 1) % self._interval:
            return
        value = (logs or {}).get(self._monitor)
        if value is None:
            names = ", ".join(sorted(logs or {})) or "none"
            warnings.warn(f"{self._monitor} is not among the metrics: {names}.", stacklevel=2)
            return
        self._trial.report(float(value), step=epoch)
        if self._trial.should_prune():
            raise optuna.TrialPruned(f"Trial was pruned at epoch {epoch}.")


class TFKerasPruningCallback(KerasPruningCallback):
    """The same under the name that it has for tensorflow.keras."""


def install_callbacks() -> None:
    """Have Python find these modules, unless the real package is here."""
    # `optuna.integration` warns that its names are old.
    warnings.filterwarnings("ignore", category=FutureWarning, message=".*optuna.integration.*")
    if PACKAGE in sys.modules or importlib.util.find_spec(PACKAGE) is not None:
        return
    classes = {"keras": KerasPruningCallback, "tfkeras": TFKerasPruningCallback}
    package = _module(PACKAGE)
    package.__path__ = []
    for name, kind in classes.items():
        module = _module(f"{PACKAGE}.{name}")
        for owner in (package, module):
            setattr(owner, _KERAS[name], kind)
        setattr(package, name, module)
    for name, names in _OTHERS.items():
        module = _module(f"{PACKAGE}.{name}")
        for one in names:
            for owner in (package, module):
                setattr(owner, one, _missing(one, name))
        setattr(package, name, module)


def _module(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = importlib.util.spec_from_loader(name, loader=None)
    sys.modules[name] = module
    return module


def _missing(name: str, package: str) -> Any:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise TemplateError(
            f"The template uses {name}, which needs the package {package} of optuna-integration. "
            "It is not installed on this worker."
        )

    refuse.__name__ = name
    return refuse
