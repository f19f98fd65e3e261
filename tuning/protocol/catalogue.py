"""The built-in datasets: what is known of each before it is prepared. Standard library only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CatalogueEntry:
    """One built-in dataset. `download_mb` is 0 for those that need no download."""

    key: str
    name: str
    description: str
    source: str  # bundled (or generated), or keras (keras.datasets, downloaded on first use)
    kind: str  # one of protocol/data_kinds.py
    task: str  # one of protocol/tasks.py
    size_text: str
    download_mb: int = 0
    # The file below <KERAS_HOME>/datasets by which a download can be brought along by hand.
    download_file: str = ""
    # Whether a function of our own writes it, as a table.
    generated: bool = False


CATALOGUE: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        "digits",
        "Digits",
        "Handwritten digits, very small: good for a first search, since a trial takes a second or "
        "two even without a GPU.",
        "bundled",
        "image",
        "classification",
        "1,797 grey images of 8 × 8 pixels, 10 classes",
    ),
    CatalogueEntry(
        "breast-cancer",
        "Breast cancer",
        "Measurements of cell nuclei from images of breast tissue; classify malignant and benign.",
        "bundled",
        "table",
        "classification",
        "569 rows of 30 numbers, 2 classes",
    ),
    CatalogueEntry(
        "wine",
        "Wine",
        (
            "Chemical analyses of wines from three growers in one region of Italy; classify the "
            "grower."
        ),
        "bundled",
        "table",
        "classification",
        "178 rows of 13 numbers, 3 classes",
    ),
    CatalogueEntry(
        "iris",
        "Iris",
        "Lengths and widths of the flowers of three species of iris; classify the species.",
        "bundled",
        "table",
        "classification",
        "150 rows of 4 numbers, 3 classes",
    ),
    CatalogueEntry(
        "diabetes",
        "Diabetes",
        "Ten measurements of diabetes patients; predict how far the disease has progressed a year "
        "later.",
        "bundled",
        "table",
        "regression",
        "442 rows of 10 numbers",
    ),
    CatalogueEntry(
        "digit-scenes",
        "Digit scenes",
        "Scenes of up to four handwritten digits; find out which digits are in each. An example of "
        "multi-label classification.",
        "bundled",
        "image",
        "multi-label",
        "1,013 grey images of 20 × 20 pixels, 10 labels",
    ),
    CatalogueEntry(
        "robot-arm",
        "Robot arm",
        "Angles, lengths and load of an arm with two joints; predict where its hand is and the "
        "torque of its shoulder. An example of several targets.",
        "bundled",
        "table",
        "regression",
        "1,500 rows of 6 numbers, 3 targets",
    ),
    CatalogueEntry(
        "pump-sensors",
        "Pump sensors",
        "Readings of a pump's eight sensors, which depend on its speed, load and the outside "
        "temperature; one reading in fifty comes from a pump with a fault. An example for "
        "autoencoders: there is no target, and faults are what they reproduce badly.",
        "bundled",
        "table",
        "reconstruction",
        "2,000 rows of 8 numbers",
    ),
    CatalogueEntry(
        "reviews",
        "Product reviews",
        "Made-up reviews with the product and its price; classify happy and unhappy customers. "
        "A small program writes them, so nobody's words or rights are in them.",
        "bundled",
        "text",
        "classification",
        "2,000 short texts with 2 more columns, 2 classes",
        generated=True,
    ),
    CatalogueEntry(
        "gestures",
        "Gestures",
        "Acceleration of a phone along three axes while a hand moves it; classify the gesture. An "
        "example of sequences.",
        "bundled",
        "sequence",
        "classification",
        "800 sequences of 40 × 3, 4 classes",
    ),
    CatalogueEntry(
        "demand",
        "Electricity demand",
        "A made-up town’s demand for electricity by the hour, with temperature, hour and weekend; "
        "predict the next 6 hours. An example of a time series.",
        "bundled",
        "sequence",
        "regression",
        "3,000 hours in windows of 48 + 6",
        generated=True,
    ),
    CatalogueEntry(
        "mnist",
        "MNIST",
        "Handwritten digits, the classic: large enough for real networks, quick on a GPU.",
        "keras",
        "image",
        "classification",
        "70,000 grey images of 28 × 28 pixels, 10 classes",
        11,
        "mnist.npz",
    ),
    CatalogueEntry(
        "fashion-mnist",
        "Fashion-MNIST",
        "Photographs of clothes in MNIST's format, and harder to distinguish.",
        "keras",
        "image",
        "classification",
        "70,000 grey images of 28 × 28 pixels, 10 classes",
        30,
        "fashion-mnist",
    ),
    CatalogueEntry(
        "cifar10",
        "CIFAR-10",
        "Small colour photographs of ten kinds of animals and vehicles.",
        "keras",
        "image",
        "classification",
        "60,000 colour images of 32 × 32 pixels, 10 classes",
        163,
        "cifar-10-batches-py-target.tar.gz",
    ),
    CatalogueEntry(
        "california-housing",
        "California housing",
        "Districts of California in the census of 1990; predict the median price of a house.",
        "keras",
        "table",
        "regression",
        "20,640 rows of 8 numbers",
        1,
        "california_housing.npz",
    ),
)

BY_KEY = {entry.key: entry for entry in CATALOGUE}
