"""In which form code takes the size of images, told without running it."""

import ast
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tuning.runner.failures import TemplateError
from tuning.runner.template.adaptation import Adaptation, AdaptedValues, sides_of
from tuning.runner.template.image_sizes import ImageSizes
from tuning.runner.template.supplied import supplies_constants

NUMBER, PAIR, SHAPE = 28, (28, 28), (28, 28, 3)


def _argument(code: str, builder: str = "build_model", shape: Any = SHAPE) -> Any:
    """What the project gives to the last argument of a builder."""
    module: dict[str, Any] = {}
    exec(code, module)  # noqa: S102  our own text
    function: Callable[..., Any] = module[builder]
    parameter = list(inspect.signature(function).parameters.values())[-1]
    return ImageSizes(ast.parse(code)).of_parameter(function, parameter, shape)


@pytest.mark.parametrize(
    ("signature", "body", "expected"),
    [
        ("image_size: int = 150", "pass", NUMBER),
        ("image_size: int", "pass", NUMBER),
        ("image_size: 'int | None' = None", "pass", NUMBER),
        ("image_size=150", "pass", NUMBER),
        ("image_size", "pass", NUMBER),
        ("image_size", "Input(shape=(image_size, image_size, 3))", NUMBER),
        ("image_size", "Resizing(image_size, image_size)", NUMBER),
        ("image_size", "image_size // 2", NUMBER),
        ("img_size", "helper(img_size)", NUMBER),
        ("image_size: 'tuple[int, int]'", "pass", PAIR),
        ("image_size: 'Tuple[int, int, int]'", "pass", SHAPE),
        ("image_size: tuple = (150, 150)", "pass", PAIR),
        ("image_size=(150, 150, 3)", "pass", SHAPE),
        ("image_size", "image_size[0]", PAIR),
        ("image_size", "image_size[2]", SHAPE),
        ("image_size", "h, w = image_size", PAIR),
        ("image_size", "h, w, c = image_size", SHAPE),
        ("image_size", "Input(shape=(*image_size, 3))", PAIR),
        ("image_size", "Input(shape=image_size + (3,))", PAIR),
        ("image_size", "Input(shape=tuple(image_size) + (3,))", PAIR),
        ("image_size", "Input(shape=image_size)", SHAPE),
        ("image_size", "tf.image.resize(x, image_size)", PAIR),
        ("image_size", "load(target_size=image_size)", PAIR),
        ("image_size: 'int | tuple[int, int]'", "image_size[0]", PAIR),
        ("img_size", "pairs(img_size)", PAIR),
        ("img_size", "pairs(size=img_size)", PAIR),
        ("input_shape", "input_shape[0]", SHAPE),
        ("input_shape=(150, 150)", "pass", PAIR),
        ("input_size", "(input_size, input_size)", NUMBER),
        ("input_size=2352", "pass", None),
        ("target_size=1", "pass", None),
        ("target_size=(150, 150)", "pass", PAIR),
    ],
)  # fmt: skip
def test_a_builder_gets_the_size_as_its_code_takes_it(
    signature: str, body: str, expected: Any
) -> None:
    code = f"""
def helper(size):
    return Input((size, size))
def pairs(size):
    return size[0]
def build_model(hp, {signature}):
    {body}
"""
    assert _argument(code) == expected


@pytest.mark.parametrize("inherited", [False, True])
@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("keras.Input((self.image_size, self.image_size, 3))", NUMBER),
        ("keras.Input((*self.image_size, 3))", PAIR),
        ("self.image_size[1]", PAIR),
        ("self.layer(self.image_size)", PAIR),
    ],
)
def test_a_class_keeps_the_size_as_an_attribute(use: str, expected: Any, inherited: bool) -> None:
    code = f"""
class Base:
    def __init__(self, image_size):
        self.image_size = image_size
    def layer(self, size):
        return size[0]
    def build(self, hp):
        return {use}
class Ours(Base):
    pass
"""
    assert _argument(code, "Ours" if inherited else "Base") == expected


def test_images_that_are_not_square_are_no_number() -> None:
    code = "def build_model(hp, image_size: int): pass"
    with pytest.raises(TemplateError, match=r"takes one number as image_size.* 64 × 48 pixels"):
        _argument(code, shape=(64, 48, 3))
    pair = "def build_model(hp, image_size): image_size[0]"
    assert _argument(pair, shape=(64, 48, 3)) == (64, 48)


def _constants(code: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """The module of a script whose constants agree with the project's images."""
    facts = {"input_shape": shape, "task": "classification", "max_value": 1, "min_value": 0}
    tree = ast.parse(code)
    adaptation = Adaptation({}, sides=sides_of(tree.body))
    tree.body = [adaptation.statement(node) for node in tree.body]
    own = AdaptedValues(supplies_constants(facts), {}, None, facts, ImageSizes(tree))
    module = own.functions()
    exec(compile(tree, "script", "exec"), module)  # noqa: S102  our own text
    return module


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("IMG_SIZE = 150", "IMG_SIZE", 28),
        ("IMG_SIZE = (150, 150)", "IMG_SIZE", (28, 28)),
        ("IMG_SIZE = [150, 150]", "IMG_SIZE", [28, 28]),
        ("IMG_SIZE = (150, 150, 3)", "IMG_SIZE", (28, 28, 1)),
        ("IMG_SIZE = 150\nIMG_SHAPE = (IMG_SIZE, IMG_SIZE, 3)", "IMG_SHAPE", (28, 28, 1)),
        ("IMG_SHAPE = (150, 150)", "IMG_SHAPE", (28, 28)),
        ("image_dim = 150", "image_dim", 28),
        ("TARGET_SIZE = (150, 150)", "TARGET_SIZE", (28, 28)),
        ("target_size = 1", "target_size", 1),
        ("input_size = 150", "input_size", 28),
        ("input_size = 784", "input_size", 784),
        ("IMG_WIDTH, IMG_HEIGHT = 150, 150", "IMG_HEIGHT", 28),
        ("width, height = 150, 150", "width", 28),
        ("WIDTH = 150\nHEIGHT = 150", "HEIGHT", 28),
        ("width = 64", "width", 64),
        ("size = 150", "size", 150),
    ],
)
def test_constants_of_a_script_become_the_project_s(code: str, name: str, expected: Any) -> None:
    assert _constants(code, (28, 28, 1))[name] == expected


def test_a_number_stays_where_images_are_not_square() -> None:
    assert _constants("IMG_SIZE = 150", (64, 48, 1))["IMG_SIZE"] == 150
    assert _constants("IMG_SIZE = (150, 150)", (64, 48, 1))["IMG_SIZE"] == (64, 48)


def test_the_input_size_of_a_table_is_its_number_of_features() -> None:
    assert _constants("input_size = 784", (13,))["input_size"] == 13
    assert _constants("IMG_SIZE = 150", (13,))["IMG_SIZE"] == 150
