"""The built-in model templates, one file each: KerasTuner code to read, copy and learn from.

This file knows them by name only and needs the standard library alone: importing a template
imports Keras, which only a runner may do.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BuiltinTemplate:
    """A template's file name without `.py`, and what people read about it."""

    module: str
    name: str
    description: str
    kinds: tuple[str, ...]  # Kinds of dataset: image, table, text, sequence.
    task: str = ""  # What it predicts; empty: the target that a dataset has.
    gpu: str = ""  # As GpuNeed: whether its models need one.

    @property
    def key(self) -> str:
        """The template's lasting name in the database and on the command line: cnn-blocks."""
        return self.module.replace("_", "-")


BUILTIN: tuple[BuiltinTemplate, ...] = (
    BuiltinTemplate(
        "cnn",
        "Small convolutional network",
        "One to three convolutions with pooling and one dense layer. Tunes the number of layers, "
        "filters, kernel sizes, dropout, dense units and the learning rate. The one to begin with "
        "for images. Predicts a class, several labels or numbers.",
        ("image",),
    ),
    BuiltinTemplate(
        "dense",
        "Dense network",
        "For tables. Predicts a class, several labels or one or more numbers. Normalises the "
        "columns, then tunes depth, width, activation, dropout, optimizer and learning rate.",
        ("table",),
    ),
    BuiltinTemplate(
        "text",
        "Text network",
        "For text, alone or beside numbers and categories. Tunes the vocabulary, the length of a "
        "text, the embedding and how its words are put together: an average, a maximum, a "
        "convolution or a recurrent layer.",
        ("text",),
    ),
    BuiltinTemplate(
        "autoencoder",
        "Autoencoder",
        "Reproduces the rows of a table or arrays through a bottleneck; rows that it cannot "
        "reproduce are anomalies. Tunes depth, width, the size of the bottleneck, activation, "
        "dropout and learning rate. Needs no target.",
        ("table",),
        "reconstruction",
    ),
    BuiltinTemplate(
        "conv_autoencoder",
        "Convolutional autoencoder",
        "Reproduces images through a bottleneck of convolutions. Tunes the number of levels, "
        "filters, the size of the bottleneck, noise on the inputs and the learning rate. Needs no "
        "target.",
        ("image",),
        "reconstruction",
    ),
    BuiltinTemplate(
        "sequence",
        "Sequence network",
        "For sequences and forecasts. Predicts a class, several labels or numbers from a GRU, an "
        "LSTM, convolutions or a dense layer; tunes which, how many of the last steps they see, "
        "units, dropout and learning rate.",
        ("sequence",),
    ),
    BuiltinTemplate(
        "cnn_blocks",
        "Convolutional blocks",
        "Two blocks of a convolution, two poolings that can be left out and dropout, with "
        "augmentation that can be switched on. For finding a network's shape.",
        ("image",),
    ),
    BuiltinTemplate(
        "transfer",
        "Transfer learning",
        "InceptionV3, MobileNetV2 or EfficientNetB0, frozen, with ImageNet's weights or none, and "
        "a small tunable head. The weights are downloaded on first use; a GPU is advisable.",
        ("image",),
        gpu="prefer",
    ),
    BuiltinTemplate(
        "batch_size",
        "Tuned batch size",
        "One hidden layer for images, tables or sequences, whose batch size is tuned as well: an "
        "example of tuning in HyperModel.fit.",
        ("image", "table", "sequence"),
    ),
    BuiltinTemplate(
        "optuna_script",
        "Optuna script",
        "Random forest, extremely randomised trees or nearest neighbours of scikit-learn: an "
        "example of an objective function with hyperparameters that depend on a choice.",
        ("table",),
    ),
)


def source_of(template: BuiltinTemplate) -> str:
    """The template's code."""
    return (Path(__file__).parent / f"{template.module}.py").read_text("utf-8")
