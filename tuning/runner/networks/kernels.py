"""TensorFlow's cache of kernels, kept from one trial to the next.

A graph is optimised, placed and made ready to run when it is called for the first time, which takes
half of a trial whose graphs were kept (`kept_models.py`). TensorFlow keeps the outcome in a cache,
and empties it whenever a seed is set or Keras's session is cleared, that is, before each trial.
Seeds need that only for random operations that have a state of their own: it is in their kernels.
Keras's layers, initializers and whole epochs use none; code of a template may. Memory needs it
where one architecture follows another.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tensorflow.python.eager import context
from tensorflow.python.framework import random_seed

# So many models whose graphs are not used again: their kernels take some 2 MB each.
MAX_MODELS = 8
# What may bring random operations that ask nobody for a seed.
_OWN_KERNELS = re.compile(
    r"raw_ops|gen_\w+_ops|saved_model|TFSMLayer|graph_def|meta_graph|wrap_function|compat\.v1"
    r"|tensorflow_hub|\bhub\b"
)


class KernelCache:
    def __init__(self) -> None:
        self._models = 0
        self._has_states = self._is_apart = False

    @contextmanager
    def kept(self, code: str = "") -> Iterator[None]:
        """Within, TensorFlow empties its cache only where that makes a difference. `code`: of the
        template whose models are trained. Not to be nested."""
        self._has_states |= bool(_OWN_KERNELS.search(code))
        empty, seeds_of = context.pywrap_tfe.TFE_ContextClearCaches, random_seed.get_seed

        def empty_if_needed(handle: Any) -> None:
            if self._has_states or self._models > MAX_MODELS:
                self._models = 0
                empty(handle)

        def noted_seeds_of(op_seed: Any) -> Any:
            # For good: a function of a template is traced once, and its kernel goes on drawing.
            self._has_states |= not self._is_apart
            return seeds_of(op_seed)

        context.pywrap_tfe.TFE_ContextClearCaches = empty_if_needed
        random_seed.get_seed = noted_seeds_of
        try:
            yield
        finally:
            context.pywrap_tfe.TFE_ContextClearCaches = empty
            random_seed.get_seed = seeds_of

    def add_model(self) -> None:
        """One more model is trained whose kernels serve no other."""
        self._models += 1

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Random operations that are made within run once, in a graph of their own."""
        before, self._is_apart = self._is_apart, True
        try:
            yield
        finally:
            self._is_apart = before


kernels = KernelCache()
