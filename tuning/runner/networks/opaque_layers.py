"""Layers of which a configuration does not say everything."""

import keras

# What keeps other state than variables, or runs code that a configuration does not show.
_OPAQUE_LAYERS = frozenset({
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "Discretization",
    "TextVectorization", "StringLookup", "IntegerLookup", "IndexLookup", "HashedCrossing",
    "FeatureSpace", "Pipeline",
})  # fmt: skip


def is_opaque(layer: keras.Layer) -> bool:
    kind = type(layer)
    stateful = getattr(layer, "stateful", False)
    return not kind.__module__.startswith("keras.") or kind.__name__ in _OPAQUE_LAYERS or stateful
