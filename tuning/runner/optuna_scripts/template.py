"""A template that is an Optuna script."""

from functools import cached_property, partial
from typing import Any

from tuning.protocol.orders import ProjectOrder
from tuning.runner.inputs.data import Dataset
from tuning.runner.template.code import Template
from tuning.runner.template.given import Given
from tuning.runner.template.stand_ins import Parts
from tuning.runner.template.studies import StudyCalls

from .callbacks import install_callbacks
from .study_settings import StudySettings


class ScriptTemplate(Template):
    """With the rows of `parts` in the place of the script's data."""

    def __init__(self, project: ProjectOrder, dataset: Dataset, parts: Parts) -> None:
        install_callbacks()
        if not _knows_images(project.code):
            parts = partial(_flat, parts)
        super().__init__(project.code, dataset.facts, project.constants, parts)

    @property
    def builder_name(self) -> str:
        """The name of its objective function."""
        return self.script.builder or "objective"

    @cached_property
    def study_settings(self) -> StudySettings:
        """What the script says of its study."""
        given = Given(self.module, self.script.around, None, None)
        return StudySettings(given, self.script.study or StudyCalls(), self.code)


def _knows_images(code: str) -> bool:
    """Whether the code may train networks: everything else takes one row of numbers for each."""
    return "keras" in code or "torch" in code


def _flat(parts: Parts, part: str) -> tuple[Any, Any]:
    x, y = parts(part)
    return (x.reshape(len(x), -1) if getattr(x, "ndim", 0) > 2 else x), y
