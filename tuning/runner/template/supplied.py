"""What a project can supply to a template, by the names that templates ask for it."""

from typing import Any

# What people are told; the aliases below are for scripts that already use them.
SUPPLIED = (
    "class_names", "feature_names", "image_size", "input_shape", "max_value", "min_value",
    "num_classes", "task",
)  # fmt: skip


def supplies(facts: dict[str, Any]) -> dict[str, Any]:
    """What a project can supply, by name, to a template that asks for it."""
    shape = tuple(facts["input_shape"])
    height, width, channels = shape if len(shape) == 3 else (None, None, None)
    meanings: list[tuple[Any, tuple[str, ...]]] = [
        (shape, ("input_shape", "img_shape", "image_shape")),
        (shape[:2] if len(shape) == 3 else None, ("image_size", "img_size")),
        (height, ("img_height", "image_height", "img_rows")),
        (width, ("img_width", "image_width", "img_cols")),
        (channels, ("channels", "num_channels", "img_channels", "img_num_channels")),
        (shape[0] if len(shape) == 1 else None, ("num_features", "n_features", "input_dim")),
        (
            facts.get("num_classes"),
            ("num_classes", "no_classes", "n_classes", "nb_classes", "num_labels"),
        ),
        (facts["task"], ("task",)),
        (facts["max_value"], ("max_value",)),
        (facts["min_value"], ("min_value",)),
        (facts.get("class_names"), ("class_names",)),
        (facts.get("feature_names"), ("feature_names",)),
    ]
    return {name: value for value, names in meanings for name in names}


_NOTHING = {"input_shape": (1, 1, 1), "task": "", "max_value": 0, "min_value": 0}
# Names that mean the same in a script's own constants. `max_value` and the like may be anything.
NAMES_OF_CONSTANTS = frozenset(supplies(_NOTHING)) - {
    "task", "max_value", "min_value", "feature_names"
}  # fmt: skip
