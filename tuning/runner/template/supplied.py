"""What a project can supply to a template, by the names that templates ask for it."""

from typing import Any

from tuning.protocol.tasks import Task, output_units, target_names

# What people read; the aliases below are for scripts that already use them.
SUPPLIED = (
    "class_names", "feature_names", "image_size", "input_shape", "max_value", "min_value",
    "num_classes", "number_count", "output_units", "task", "text_columns",
)  # fmt: skip

# Of these a template's own default says more: one output may tell two classes apart.
ONLY_IF_REQUIRED = frozenset({"output_units"})

# Names for the size of images, in whatever form (see image_sizes.py), and for their shape.
IMAGE_SIZES = frozenset({
    "image_size", "img_size", "im_size", "image_dim", "img_dim", "image_dims", "img_dims",
    "image_dimensions", "img_dimensions", "input_size", "target_size",
})  # fmt: skip
IMAGE_SHAPES = frozenset({"input_shape", "img_shape", "image_shape"})
_FEATURES = (
    "num_features", "n_features", "input_dim", "nb_features", "feature_count", "num_inputs",
    "n_inputs", "number_of_features",
)  # fmt: skip
# Of sequences, (steps, features).
_STEPS = (
    "look_back", "lookback", "n_steps", "num_steps", "n_steps_in", "time_steps",
    "timesteps", "n_timesteps", "window_size", "window_length", "seq_len", "seq_length",
    "sequence_length",
)  # fmt: skip


def supplies(facts: dict[str, Any]) -> dict[str, Any]:
    """What a project can supply, by name, to a template that asks for it."""
    shape = tuple(facts["input_shape"])
    height, width, channels = shape if len(shape) == 3 else (None, None, None)
    labels = label_names(facts)
    several = None if facts.get("num_classes") else len(target_names(facts))
    meanings: list[tuple[Any, tuple[str, ...]]] = [
        (shape, tuple(IMAGE_SHAPES)),
        (shape[:2] if len(shape) == 3 else None, tuple(IMAGE_SIZES)),
        (height, ("img_height", "image_height", "img_rows", "img_h", "input_height")),
        (width, ("img_width", "image_width", "img_cols", "img_w", "input_width")),
        (
            channels,
            ("channels", "num_channels", "img_channels", "img_num_channels", "image_channels"),
        ),
        (shape[-1] if len(shape) < 3 else None, _FEATURES),
        (shape[0] if len(shape) == 2 else None, _STEPS),
        *([(shape[0], ("input_size",))] if len(shape) == 1 else []),
        (
            facts.get("num_classes") or (len(labels) if labels else None),
            (
                "num_classes",
                "no_classes",
                "n_classes",
                "nb_classes",
                "num_labels",
                "num_class",
                "n_class",
                "nb_class",
                "n_labels",
                "class_count",
                "number_of_classes",
                "nclasses",
                "classes",
            ),
        ),
        (output_units(facts), ("output_units",)),
        (several, ("num_outputs", "n_outputs", "num_targets", "n_targets")),
        (facts["task"], ("task",)),
        (facts["max_value"], ("max_value",)),
        (facts["min_value"], ("min_value",)),
        (facts.get("class_names") or labels, ("class_names",)),
        (facts.get("feature_names"), ("feature_names",)),
        (facts.get("text_columns"), ("text_columns",)),
        (facts.get("number_count"), ("number_count",)),
    ]
    return {name: value for value, names in meanings for name in names}


_NOTHING = {"input_shape": (1, 1, 1), "task": "", "max_value": 0, "min_value": 0}
# Names of a script's own lists, or counts, of classes: too vague for an argument of a builder.
_CLASSES = (
    "classes", "class_labels", "classnames", "labels", "label_names", "label_list", "target_names",
)  # fmt: skip


def supplies_constants(facts: dict[str, Any]) -> dict[str, Any]:
    """What a project has, by the names that scripts give to their own constants."""
    shape = tuple(facts["input_shape"])
    sides = dict(zip(SIDES, shape[:2], strict=True)) if len(shape) == 3 else {}
    classes = facts.get("class_names") or label_names(facts)
    return {**supplies(facts), **sides, **dict.fromkeys(_CLASSES, classes)}


def label_names(facts: dict[str, Any]) -> list[str] | None:
    """The names of labels, of which a row may have several; None of other targets."""
    task = facts.get("task")
    return target_names(facts) if task and Task(task).traits.has_labels else None


# Each alone may be anything; where code has both, they are an image's.
SIDES = ("height", "width")
# Lists of a table's columns that are inputs: their number is the project's.
FEATURE_LISTS = frozenset({
    "feature_columns", "feature_cols", "feature_names", "feature_list", "features", "predictors",
    "features_list", "input_columns", "input_cols", "input_features", "x_cols", "x_columns",
})  # fmt: skip
# Names that mean the same in a script's own constants. `max_value` and the like may be anything.
NAMES_OF_CONSTANTS = frozenset(supplies_constants(_NOTHING)) - {
    "task", "max_value", "min_value", "feature_names", "output_units", *SIDES
}  # fmt: skip
