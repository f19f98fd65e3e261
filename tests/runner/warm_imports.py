"""What the fork server imports before it forks."""

import gc

# The collector would look through it again and again, here and in every fork.
gc.disable()
import keras_tuner  # noqa: E402, F401

gc.enable()
gc.freeze()
