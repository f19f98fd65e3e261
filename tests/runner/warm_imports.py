"""What the fork server imports before it forks."""

import gc
import importlib

# The collector would look through it again and again, here and in every fork.
gc.disable()
import keras_tuner  # noqa: E402, F401

# What a spare runner goes on with: as long again, with all of scikit-learn.
import skops.io  # noqa: E402, F401

from .modules import runner_modules  # noqa: E402

# That a runner can import them once it is confined is tested with a process of its own.
for name in runner_modules():
    importlib.import_module(name)

gc.enable()
gc.freeze()
