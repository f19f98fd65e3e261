"""What a downloaded model's user needs to know about its inputs and outputs, as JSON values."""

from typing import Any

from .tasks import TASKS, Task, reconstructs

# The file's name beside a downloaded model, and inside of one.
FILE = "description.json"
# How the outputs of a classifying network are to be read if they are no probabilities: `outputs`.
LOGITS, MARGINS = "logits", "margins"
# The outputs of an autoencoder's file.
RECONSTRUCTION, ERROR = "reconstruction", "error"
# What is said of windows.
WINDOW_FACTS = ("time", "look_back", "horizon", "known", "series")


def description_of(
    profile: dict[str, Any], inputs: dict[str, str] | None = None, text: str = ""
) -> dict[str, Any]:
    """Task, target and classes of a prepared dataset; its raw columns if it has any, else the shape
    of its rows. `inputs`: the model's input that takes each column, by the column's name.
    `text`: the column whose strings alone the model takes."""
    description: dict[str, Any] = {"task": profile.get("task")}
    if not reconstructs(profile):
        description["target"] = profile.get("target_name")
    if names := profile.get("target_names"):
        # In the order of the model's outputs.
        description["targets"] = names
    if profile.get("task") in TASKS and TASKS[Task(profile["task"])].has_classes:
        # In the order of the model's outputs.
        description["class_names"] = profile.get("class_names")
    # An estimator has those of each row of a window; people have the table's.
    columns = profile.get("raw_columns") or profile.get("columns")
    if not columns:
        return {**description, "input_shape": profile.get("input_shape")}
    # The decimal sign of texts, if the numbers of a column are not written plainly.
    keys = ("name", "type", "decimal")
    shown = [{key: column[key] for key in keys if key in column} for column in columns]
    if inputs:
        shown = [{**column, "input": inputs[column["name"]]} for column in shown]
    about = {**description, "columns": shown}
    if windows := profile.get("windows"):
        about["windows"] = window_facts(windows)
    return {**about, "text": text} if text else about


def window_facts(windows: dict[str, Any]) -> dict[str, Any]:
    """What is said of windows. Profiles of former versions know nothing of several series."""
    return {name: windows[name] for name in WINDOW_FACTS if name in windows}
