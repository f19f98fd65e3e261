"""What a template's trials train."""

from enum import StrEnum


class ModelKind(StrEnum):
    """KERAS: a network that Keras trains. SKLEARN: an estimator of scikit-learn, scored by
    cross-validation. CUSTOM: whatever a Tuner subclass does in its own `run_trial`."""

    KERAS = "keras"
    SKLEARN = "sklearn"
    CUSTOM = "custom"
