"""What the fork server imports before it forks."""

import gc

# The collector would look through it again and again, here and in every fork.
gc.disable()
import keras_tuner  # noqa: E402, F401

# What a spare runner goes on with: as long again, with all of scikit-learn.
import skops.io  # noqa: E402, F401

gc.enable()
gc.freeze()
