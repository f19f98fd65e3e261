"""Code whose targets are its inputs, by the calls that it makes."""

import pytest

from tuning.protocol.script_task import task_of_code

RECONSTRUCTS = {
    "search": "tuner.search(X_train, X_train, epochs=5, validation_data=(X_test, X_test))",
    "fit": "model.fit(x=images, y=images)",
    "in a class": "class A(kt.HyperModel):\n    def fit(self, hp, model, x, y, **k):\n"
    "        return model.fit(x, x, **k)",
    "noisy": "tuner.search(x_train_noisy, x_train, epochs=3)",
    "noisy before": "autoencoder.fit(x=noisy_train_data, y=train_data, shuffle=True)",
    "noisy between": "model.fit(x_noisy_train, x_train)",
    "tensors": "ds = tf.data.Dataset.from_tensor_slices((x, x)).batch(32)",
    "expression": "tuner.search(data[:800], data[:800])",
    "notebook": "!pip install keras-tuner\ntuner.search(x, x)",
}
OTHERS = {
    "targets": "tuner.search(x_train, y_train)\nautoencoder.fit(x_train, x_train)",
    "generator": "tuner.search(train_ds, epochs=3)",
    "passed on": "model.fit(*args, **kwargs)",
    "none": "def build_model(hp):\n    pass",
    "no Python": "def build_model(hp:",
}


@pytest.mark.parametrize("name", RECONSTRUCTS)
def test_inputs_as_targets_are_a_reconstruction(name: str) -> None:
    assert task_of_code(RECONSTRUCTS[name]) == "reconstruction"


@pytest.mark.parametrize("name", OTHERS)
def test_other_code_does_not_say(name: str) -> None:
    assert task_of_code(OTHERS[name]) == ""
