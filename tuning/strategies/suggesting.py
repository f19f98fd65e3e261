"""Asking a search's strategy for the next trial."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module

from .contract import KnownTrial, Settings, State, Suggestion, Suggests
from .traits import traits_of


def suggest(
    settings: Settings, state: State, trials: Sequence[KnownTrial], claimant: str,
    warm: Sequence[KnownTrial] = (),
) -> Suggestion:  # fmt: skip
    """See `contract.Suggests`. The first call of a family imports its library, for seconds."""
    return family_of(settings.strategy)(settings, state, trials, claimant, warm)


def family_of(strategy: str) -> Suggests:
    # By name, so that the site, which reads the traits, does not depend on the libraries.
    name = f"{__package__}.{traits_of(strategy).family}"
    is_new = name not in sys.modules
    module = import_module(name)
    if is_new:
        # What a library consists of is no garbage. Each time the collector looked through it, a
        # claim took 90 ms longer with Optuna, and more with TensorFlow.
        gc.collect()
        gc.freeze()
    function: Suggests = module.suggest
    return function
