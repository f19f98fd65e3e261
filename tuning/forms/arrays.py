"""The form of an .npz file that a worker has looked at: which arrays are the inputs and targets."""

from typing import Any

from django import forms
from django.conf import settings

from tuning.models import Dataset
from tuning.protocol.tasks import Task
from tuning.protocol.uploads import ARRAY_ROLES, COLOUR, GREY, ROLE_PAIRS

from .datasets import colours_field, image_size_field, task_field

_REQUIRED = {"x_train": "Select the input array.", "y_train": "Select the target array."}


class ArraysForm(forms.Form):
    """A choice for each role; `found` are the arrays of the file. What their shapes tell is checked
    here, so that each mistake is next to its field; values are a worker's."""

    side = image_size_field("Width and height. Leave blank to keep the size.")
    colours = colours_field()
    task = task_field()

    def __init__(self, *args: Any, dataset: Dataset, **kwargs: Any) -> None:
        schema, upload = dataset.detected_schema, dataset.upload
        self.found: list[dict[str, Any]] = [
            {**array, "shape_text": shape_text(array)} for array in schema["arrays"]
        ]
        self._shapes = {a["name"]: tuple(a["shape"]) for a in schema["arrays"] if not a["problem"]}
        self._types = {array["name"]: array["dtype"] for array in schema["arrays"]}
        chosen = upload.get("arrays") or schema["roles"]
        initial = {**chosen, "side": upload.get("side") or None, "colours": upload.get("colours"),
                   "task": upload.get("task", "")}  # fmt: skip
        super().__init__(*args, initial=initial, **kwargs)
        choices = [
            (array["name"], f"{array['name']} {array['shape_text']}")
            for array in self.found
            if not array["problem"]
        ]
        for role, label in ARRAY_ROLES.items():
            required = role in _REQUIRED
            self.fields[role] = forms.ChoiceField(
                required=required,
                label=label,
                choices=[("", "Choose…" if required else "None"), *choices],
                error_messages={"required": _REQUIRED.get(role, "")},
            )

    def pairs(self) -> list[tuple[Any, Any]]:
        """The fields of inputs and targets, one pair for each part."""
        return [(self[x], self[y]) for x, y in ROLE_PAIRS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("task") == Task.RECONSTRUCTION:
            # Targets are neither needed nor used.
            for _, y in ROLE_PAIRS:
                cleaned[y] = ""
                self.errors.pop(y, None)
        for x, y in ROLE_PAIRS:
            self._check_pair(x, cleaned.get(x), y, cleaned.get(y))
        inputs = cleaned.get("x_train")
        if inputs and not self.errors:
            self._check_images(inputs)
        return cleaned

    def choices(self) -> dict[str, Any]:
        """What the row keeps."""
        cleaned = self.cleaned_data
        arrays = {role: cleaned[role] for role in ARRAY_ROLES if cleaned[role]}
        return {
            "arrays": arrays, "side": cleaned["side"] or 0, "colours": cleaned["colours"],
            "task": cleaned["task"],
        }  # fmt: skip

    def _check_pair(self, x: str, inputs: str | None, y: str, targets: str | None) -> None:
        if inputs and self.cleaned_data.get("task") == Task.RECONSTRUCTION:
            self._check_inputs(x, inputs)
            return
        if not inputs or not targets:
            # What is required says so itself.
            if inputs and y not in _REQUIRED:
                self.add_error(y, f"Select the targets for {inputs}.")
            elif targets and x not in _REQUIRED:
                self.add_error(x, f"Select the inputs for {targets}.")
            return
        x_shape, y_shape = self._shapes[inputs], self._shapes[targets]
        self._check_inputs(x, inputs)
        if len(y_shape) not in (1, 2):
            self.add_error(
                y,
                f"{targets} has shape {y_shape}. Targets must have shape (rows,) or, one-hot or of "
                "several targets, (rows, columns).",
            )
        elif x_shape and x_shape[0] != y_shape[0]:
            self.add_error(
                y, f"{targets} has {y_shape[0]:,} rows, but {inputs} has {x_shape[0]:,}."
            )

    def _check_inputs(self, x: str, inputs: str) -> None:
        x_shape = self._shapes[inputs]
        if self._types[inputs].startswith(("<U", "|S", "|U", ">U")):
            self.add_error(x, f"{inputs} contains text. Inputs must be numeric.")
        elif len(x_shape) not in (2, 3, 4):
            self.add_error(x, f"{inputs} has shape {x_shape}. Inputs must have 2 to 4 dimensions.")
        first = self._shapes.get(self.cleaned_data.get("x_train") or "", x_shape)
        if x_shape[1:] != first[1:]:
            self.add_error(
                x, f"Rows of {inputs} have shape {x_shape[1:]}, but training rows have {first[1:]}."
            )

    def _check_images(self, inputs: str) -> None:
        """The size and colours, against the shape and against the room for what is prepared."""
        shape, side = self._shapes[inputs], self.cleaned_data.get("side")
        colours = self.cleaned_data.get("colours")
        if len(shape) == 2:
            for name, value in (("side", side), ("colours", colours)):
                if value:
                    self.add_error(name, f"Rows of {inputs} are not images. Leave this unchanged.")
            return
        channels = shape[3] if len(shape) == 4 else 1
        if channels not in (1, 3, 4):
            self.add_error(
                "x_train",
                f"{inputs} has shape {shape}. Images must have 1 or 3 channels as the last "
                "dimension.",
            )
        elif channels == 4 and not colours:
            self.add_error("colours", f"{inputs} has 4 channels. Select RGB or greyscale.")
        else:
            channels = {GREY: 1, COLOUR: 3}.get(colours or "", channels)
            height, width = (side, side) if side else shape[1:3]
            self._check_room(height * width * channels)

    def _check_room(self, values: int) -> None:
        names = [name for x, _ in ROLE_PAIRS if (name := self.cleaned_data.get(x))]
        rows = sum(self._shapes[name][0] for name in names)
        only_bytes = all(self._types[name] in ("uint8", "bool") for name in names)
        size = rows * values * (1 if only_bytes else 4)
        most = settings.RUNNER_FILE_SIZE_MB * 1024 * 1024
        if size > most:
            self.add_error(
                "side",
                f"The prepared images need {size / 2**20:,.0f} MB, more than the limit of "
                f"{most / 2**20:,.0f} MB. Select a smaller size or greyscale.",
            )


def shape_text(array: dict[str, Any]) -> str:
    """(240, 28, 28) uint8, as numpy writes it."""
    if array["problem"]:
        return ""
    sizes = ", ".join(f"{size}" for size in array["shape"])
    comma = "," if len(array["shape"]) == 1 else ""
    return f"({sizes}{comma}) {array['dtype']}"


def question(schema: dict[str, Any]) -> str:
    """The arrays of a file, for a person who has to say which is what."""
    shown = ", ".join(
        f"{array['name']} {shape_text(array)}"
        for array in schema["arrays"][:20]
        if not array["problem"]
    )
    return f"Cannot detect which arrays are inputs and targets. The file contains: {shown}."
