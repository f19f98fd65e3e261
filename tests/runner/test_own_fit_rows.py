"""Whether a template's own `fit` trains on the rows as they came, as far as its code shows it."""

import ast
from types import CodeType
from typing import Any

import pytest

from tests.services import ROOT
from tuning.runner.template.own_fit import keeps_rows

KEEPS = {
    "as KerasTuner's guide has it": """
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("batch_size", [16, 32]), **kwargs)
""",
    "learns from the rows first": """
    def fit(self, hp, model, x, y, **kwargs):
        model.get_layer("normalization").adapt(x)
        kwargs["batch_size"] = 8
        kwargs.pop("verbose", None)
        kwargs.update(shuffle=False)
        return model.fit(x, y, **kwargs)
""",
    "by name": """
    def fit(self, hp, net, x=None, y=None, validation_data=None, **kwargs):
        return net.fit(x=x, y=y, validation_data=validation_data, **kwargs)
""",
}
CHANGES = {
    "scales": """
    def fit(self, hp, model, x, y, **kwargs):
        return model.fit(x / 255.0, y, **kwargs)
""",
    "scales before": """
    def fit(self, hp, model, x, y, **kwargs):
        x = x / 255.0
        return model.fit(x, y, **kwargs)
""",
    "scales in place": """
    def fit(self, hp, model, x, y, **kwargs):
        x /= 255.0
        return model.fit(x, y, **kwargs)
""",
    "changes some": """
    def fit(self, hp, model, x, y, **kwargs):
        x[x < 0] = 0
        return model.fit(x, y, **kwargs)
""",
    "through a scaler": """
    def fit(self, hp, model, x, y, **kwargs):
        scaler = StandardScaler().fit(x)
        return model.fit(scaler.transform(x), y, **kwargs)
""",
    "only one of its two ways": """
    def fit(self, hp, model, x, y, **kwargs):
        if hp.Boolean("flip"):
            return model.fit(x[:, ::-1], y, **kwargs)
        return model.fit(x, y, **kwargs)
""",
    "by keyword": """
    def fit(self, hp, model, *args, **kwargs):
        kwargs["x"] = kwargs["x"] - 1
        return model.fit(*args, **kwargs)
""",
    "by a dictionary": """
    def fit(self, hp, model, *args, **kwargs):
        kwargs.update({"x": args[0] - 1})
        return model.fit(**kwargs)
""",
    "a data set": """
    def fit(self, hp, model, x, y, **kwargs):
        return model.fit(batches(x, y), **kwargs)
""",
    "another model": """
    def fit(self, hp, model, x, y, **kwargs):
        model = keras.Sequential([Scale(), model])
        return model.fit(x, y, **kwargs)
""",
    "in place, by a library": """
    def fit(self, hp, model, x, y, **kwargs):
        np.divide(x, 255.0, out=x)
        return model.fit(x, y, **kwargs)
""",
    "in place, by a method": """
    def fit(self, hp, model, x, y, **kwargs):
        x.sort()
        return model.fit(x, y, **kwargs)
""",
    "in place, by a function": """
    def fit(self, hp, model, x, y, **kwargs):
        scale(x)
        return model.fit(x, y, **kwargs)

def scale(rows):
    rows[...] = rows / 255.0
""",
    "a loop of its own": """
    def fit(self, hp, model, x, y, **kwargs):
        for _ in range(3):
            model.train_on_batch(x, y)
""",
}


def kept(method: str) -> bool:
    source = "class Model:" + method
    found: dict[str, Any] = {}
    exec(source, found)  # noqa: S102
    return keeps_rows(ast.parse(source), found["Model"].fit.__code__)


@pytest.mark.parametrize("method", KEEPS.values(), ids=KEEPS)
def test_it_keeps_them(method: str) -> None:
    assert kept(method)


@pytest.mark.parametrize("method", CHANGES.values(), ids=CHANGES)
def test_it_may_change_them(method: str) -> None:
    assert not kept(method)


def test_code_that_lies_elsewhere_is_not_known() -> None:
    found: dict[str, Any] = {}
    exec("class Model:" + KEEPS["by name"], found)  # noqa: S102
    assert not keeps_rows(ast.parse("x = 1"), found["Model"].fit.__code__)


@pytest.mark.parametrize("name", ["batch_size", "dense", "sequence", "text"])
def test_the_built_in_templates_keep_them(name: str) -> None:
    source = (ROOT / "tuning" / "hypermodels" / f"{name}.py").read_text()
    codes = [compile(source, name, "exec")]
    for code in codes:
        codes += [each for each in code.co_consts if isinstance(each, CodeType)]
    [fit] = [code for code in codes if code.co_name == "fit"]
    assert keeps_rows(ast.parse(source), fit)
