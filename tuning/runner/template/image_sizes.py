"""The size of the project's images in the form in which code takes it: `image_size` may be one
number (150), height and width (150, 150), or the whole shape (150, 150, 3)."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from math import prod
from typing import Any

from tuning.runner.failures import TemplateError

from .supplied import IMAGE_SHAPES, IMAGE_SIZES
from .syntax import DEFINITIONS, last_name


class Form(Enum):
    """Of the size of an image; the value says how many numbers it has."""

    NUMBER = 1
    PAIR = 2
    SHAPE = 3


# Keywords and calls of libraries that take height and width, or the whole shape.
_PAIR_WORDS = frozenset({"size", "target_size", "image_size", "img_size", "output_size"})
_SHAPE_WORDS = frozenset({"shape", "input_shape", "batch_input_shape"})
_RESIZES = frozenset({"resize", "smart_resize", "resize_images"})
_INPUTS = frozenset({"Input", "InputLayer"})
# Calls that only something with several values goes into.
_TAKE_SEVERAL = frozenset({
    "tuple", "list", "len", "zip", "map", "enumerate", "reversed", "prod", "sum", "sorted",
})  # fmt: skip
_SEVERAL = re.compile(r"tuple|list|sequence|iterable|shape|array", re.I)


def is_size(name: str) -> bool:
    """Whether a name means the size of images, or their shape."""
    return name.lower() in IMAGE_SIZES | IMAGE_SHAPES


def form_of_value(value: Any) -> Form | None:
    """The form of a script's own value; None if it is no size."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Form.NUMBER
    if isinstance(value, list | tuple) and len(value) in (2, 3):
        numbers = all(n is None or (isinstance(n, int) and not isinstance(n, bool)) for n in value)
        return Form(len(value)) if numbers else None
    return None


def in_form(shape: tuple[int, ...], form: Form) -> Any:
    """The shape of images, (height, width, channels), in a form; None if it has no such form."""
    if form is Form.NUMBER:
        return shape[0] if shape[0] == shape[1] else None
    return shape[: form.value]


def is_side(name: str, value: Any, shape: tuple[int, ...]) -> bool:
    """Whether a number under a name for sizes is the side of an image: `target_size = 1` is of the
    targets, and `input_size = 784` counts all values of an image."""
    return name.lower() != "target_size" and value != prod(shape)


class ImageSizes:
    """Which form a template's code takes, by annotations, defaults, and what it does with it."""

    def __init__(self, tree: ast.Module) -> None:
        self._definitions = {n.name: n for n in ast.walk(tree) if isinstance(n, DEFINITIONS)}
        self._tree = tree
        self._names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    def of_parameter(
        self, function: Callable[..., Any], parameter: inspect.Parameter, shape: tuple[int, ...]
    ) -> Any:
        """The argument for a parameter that means the size of images; None if it means something
        else. Raises TemplateError if it must be one number and the images are not square."""
        name = _name_of(function)
        form = self._form(name, parameter)
        if form is Form.NUMBER and not is_side(parameter.name, parameter.default, shape):
            return None
        value = in_form(shape, form)
        if value is None:
            raise TemplateError(
                f"{name or 'The builder'} takes one number as {parameter.name}, but the dataset's "
                f"images have {shape[0]} × {shape[1]} pixels. Prepare the dataset again with an "
                "image size: its images are square then."
            )
        return value

    def of_name(self, name: str, shape: tuple[int, ...]) -> Any:
        """The value for a name of the module that the code does not define itself."""
        known = name in self._names and name.lower() in IMAGE_SIZES
        used = self._used_as(self._tree, name, frozenset()) if known else None
        value = in_form(shape, used or _usual(name))
        return shape[:2] if value is None else value

    def _form(self, function: str, parameter: inspect.Parameter) -> Form:
        has_default = parameter.default is not parameter.empty
        default = form_of_value(parameter.default) if has_default else None
        known = _annotated(parameter.annotation) or default
        if known or parameter.name.lower() in IMAGE_SHAPES:
            return known or Form.SHAPE
        node = self._definitions.get(function)
        used = self._used_in(node, parameter.name, frozenset()) if node else None
        return used or _usual(parameter.name)

    def _used_in(self, node: ast.stmt, name: str, seen: frozenset[tuple[str, str]]) -> Form | None:
        """What a function, or a class whose `__init__` has it, does with an argument."""
        if not isinstance(node, DEFINITIONS) or (node.name, name) in seen:
            return None
        seen |= {(node.name, name)}
        found = self._used_as(node, name, seen)
        if isinstance(node, ast.ClassDef) and found is None:
            bases = (self._definitions.get(last_name(base)) for base in node.bases)
            forms = (self._used_in(base, name, seen) for base in bases if base is not None)
            found = next((form for form in forms if form), None)
        return found

    def _used_as(self, node: ast.AST, name: str, seen: frozenset[tuple[str, str]]) -> Form | None:
        """Several values if anything in `node` needs that, else one if anything shows it."""
        kept = {
            target.attr
            for part in ast.walk(node)
            if isinstance(part, ast.Assign) and _is_name(part.value, name)
            for target in part.targets
            if isinstance(target, ast.Attribute)
        }

        def is_it(value: ast.AST | None) -> bool:
            return _is_name(value, name) or (
                isinstance(value, ast.Attribute)
                and value.attr in kept
                and isinstance(value.value, ast.Name)
            )

        forms = {form for part in ast.walk(node) for form in self._shown(part, is_it, seen)}
        return max(forms, key=lambda form: form.value, default=None)

    def _shown(
        self, node: ast.AST, is_it: Callable[[ast.AST | None], bool],
        seen: frozenset[tuple[str, str]],
    ) -> Iterator[Form]:  # fmt: skip
        """The forms that one expression or statement shows."""
        match node:
            case ast.Subscript(value=value, slice=place) if is_it(value):
                last = isinstance(place, ast.Constant) and place.value in (2, -1)
                yield Form.SHAPE if last else Form.PAIR
            case ast.Starred(value=value) if is_it(value):
                yield Form.PAIR
            case ast.For(iter=value) | ast.comprehension(iter=value) if is_it(value):
                yield Form.PAIR
            case ast.Assign(targets=[ast.Tuple(elts=names) | ast.List(elts=names)], value=value):
                if is_it(value):
                    yield Form.SHAPE if len(names) == 3 else Form.PAIR
            case ast.BinOp(left=left, op=operation, right=right):
                if is_it(left) or is_it(right):
                    several = (ast.Tuple, ast.List)
                    joined = isinstance(operation, ast.Add) and (
                        isinstance(left, several) or isinstance(right, several)
                    )
                    yield Form.PAIR if joined else Form.NUMBER
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                if any(map(is_it, elements)):
                    yield Form.NUMBER
            case ast.Call():
                yield from self._shown_by_call(node, is_it, seen)

    def _shown_by_call(
        self, call: ast.Call, is_it: Callable[[ast.AST | None], bool],
        seen: frozenset[tuple[str, str]],
    ) -> Iterator[Form]:  # fmt: skip
        name = last_name(call.func)
        places = [place for place, value in enumerate(call.args) if is_it(value)]
        words = [word.arg for word in call.keywords if word.arg and is_it(word.value)]
        own = self._definitions.get(name)
        if own is not None:
            parameters = _parameters(own)
            if parameters[:1] == ["self"]:
                del parameters[0]
            asked = [parameters[place] for place in places if place < len(parameters)]
            forms = (self._used_in(own, word, seen) for word in [*asked, *words])
            yield from (form for form in forms if form)
            return
        if words:
            yield from (Form.PAIR for word in words if word in _PAIR_WORDS)
            yield from (Form.SHAPE for word in words if word in _SHAPE_WORDS)
        several = name in _TAKE_SEVERAL and places
        if several or (name in _RESIZES and places == [1]):
            yield Form.PAIR
        elif name in _INPUTS and places == [0]:
            yield Form.SHAPE
        elif len(places) > 1:
            yield Form.NUMBER


def _name_of(function: Callable[..., Any]) -> str:
    """Of a function, a class or what `partial` made of one; empty if it has none."""
    return getattr(getattr(function, "func", function), "__name__", "")


def _usual(name: str) -> Form:
    return Form.SHAPE if name.lower() in IMAGE_SHAPES else Form.NUMBER


def _annotated(annotation: Any) -> Form | None:
    """The form that an annotation leaves no doubt of."""
    if annotation is inspect.Parameter.empty:
        return None
    text = annotation.__name__ if annotation in (int, float) else str(annotation)
    if not _SEVERAL.search(text):
        return Form.NUMBER if re.search(r"\b(int|float)\b", text) else None
    within = re.search(r"\[([^\[\]]*)\]", text)
    outside = re.sub(r"\[[^\[\]]*\]", "", text)
    if re.search(r"\bint\b", outside):
        return None
    count = within[1].count(",") + 1 if within and "..." not in within[1] else 0
    return Form.SHAPE if count == 3 else Form.PAIR if count == 2 else None


def _is_name(value: ast.AST | None, name: str) -> bool:
    return isinstance(value, ast.Name) and value.id == name


def _parameters(node: ast.stmt) -> list[str]:
    """The names of what a call gives to a function or to a class's `__init__`."""
    if isinstance(node, ast.ClassDef):
        inits = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        return [argument.arg for argument in inits[0].args.args[1:]] if inits else []
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
