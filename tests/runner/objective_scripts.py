"""The ways in which scripts name the objective of their search: name -> (code, what is proposed).

BUILD stands for a builder that needs no import of KerasTuner.
"""

BUILD = """
import keras

def build_model(hp):
    model = keras.Sequential([keras.layers.Dense(hp.Choice("units", [4, 8]))])
    model.compile("adam", "mse", metrics=["mae"])
    return model
"""
DATA = "\nimport numpy as np\nx_train, y_train = np.load('x.npy'), np.load('y.npy')\n"
SEARCH = "\ntuner.search(x_train, y_train, epochs=2, validation_split=0.2)\n"
F1 = ("val_f1_m", "max")

# Between the builder and the search.
TUNERS: dict[str, tuple[str, tuple[str, str]]] = {
    "import_at_the_end": (
        "import keras_tuner as kt\n"
        "tuner = kt.RandomSearch(build_model, objective=kt.Objective('val_f1_m', 'max'))", F1,
    ),
    "by_keyword": (
        "import keras_tuner as kt\ntuner = kt.BayesianOptimization(build_model, "
        "objective=kt.Objective(name='val_f1_m', direction='max'), max_trials=3)", F1,
    ),
    "by_position": (
        "import keras_tuner\n"
        "tuner = keras_tuner.Hyperband(build_model, keras_tuner.Objective('val_f1_m', 'max'), 3)",
        F1,
    ),
    "renamed": (
        "from keras_tuner import Objective as Obj, RandomSearch as Search\n"
        "from keras_tuner import RandomSearch\n"
        "tuner = RandomSearch(build_model, objective=Obj('val_f1_m', 'max'))", F1,
    ),
    "kerastuner": (
        "import kerastuner\ntuner = kerastuner.tuners.RandomSearch(build_model, "
        "objective=kerastuner.Objective('val_f1_m', direction='max'))", F1,
    ),
    "from_the_engine": (
        "from keras_tuner.engine.objective import Objective\n"
        "from keras_tuner.tuners import RandomSearch\n"
        "tuner = RandomSearch(build_model, objective=Objective('val_f1_m', 'max'))", F1,
    ),
    "from_the_old_engine": (
        "from kerastuner.engine.oracle import Objective, Oracle\n"
        "from kerastuner.tuners import RandomSearch\n"
        "tuner = RandomSearch(build_model, objective=Objective('val_f1_m', 'max'))", F1,
    ),
    "in_a_variable": (
        "import keras_tuner as kt\nMETRIC = 'f1_m'\n"
        "objective = kt.Objective('val_' + METRIC, direction='max')\n"
        "tuner = kt.RandomSearch(build_model, objective=objective)", F1,
    ),
    "in_an_oracle": (
        "import keras_tuner as kt\ntuner = kt.Tuner(oracle=kt.oracles.BayesianOptimizationOracle("
        "objective=kt.Objective('val_f1_m', 'max'), max_trials=3), hypermodel=build_model)", F1,
    ),
    "in_an_oracle_of_a_variable": (
        "import keras_tuner as kt\n"
        "oracle = kt.oracles.RandomSearchOracle(objective=kt.Objective('val_f1_m', 'max'))\n"
        "tuner = kt.Tuner(oracle, build_model)", F1,
    ),
    "in_an_oracle_of_older_versions": (
        "import keras_tuner as kt\ntuner = kt.Tuner(oracle=kt.oracles.BayesianOptimization("
        "objective=kt.Objective('val_f1_m', 'max'), max_trials=3), hypermodel=build_model)", F1,
    ),
    "in_an_imported_oracle": (
        "import keras_tuner as kt\nfrom keras_tuner.oracles import HyperbandOracle as Bands\n"
        "oracle = Bands(kt.Objective('val_f1_m', 'max'), max_epochs=4)\n"
        "tuner = kt.Tuner(oracle=oracle, hypermodel=build_model)", F1,
    ),
    "in_a_function": (
        "import keras_tuner as kt\ndef make_tuner():\n"
        "    goal = kt.Objective('val_f1_m', 'max')\n"
        "    return kt.RandomSearch(build_model, objective=goal)\ntuner = make_tuner()", F1,
    ),
    "given_to_a_function": (
        "import keras_tuner as kt\ndef make_tuner(builder, metric, way='max'):\n"
        "    return kt.RandomSearch(builder, objective=kt.Objective(f'val_{metric}', way))\n"
        "tuner = make_tuner(build_model, metric='f1_m')", F1,
    ),
    "through_two_functions": (
        "import keras_tuner as kt\ndef tune(objective):\n"
        "    tuner = kt.RandomSearch(build_model, objective=objective)\n"
        "    tuner.search(x_train, y_train)\n"
        "def main():\n    wanted = kt.Objective('val_f1_m', 'max')\n    tune(wanted)\n"
        "if __name__ == '__main__':\n    main()", F1,
    ),
    "under_main": (
        "if __name__ == '__main__':\n    import keras_tuner as kt\n"
        "    tuner = kt.RandomSearch(build_model, objective=kt.Objective('val_f1_m', 'max'))", F1,
    ),
    "within_a_strategy": (
        "import keras_tuner as kt\nimport tensorflow as tf\n"
        "with tf.distribute.get_strategy().scope():\n    goal = kt.Objective('val_f1_m', 'max')\n"
        "    tuner = kt.RandomSearch(build_model, objective=goal)", F1,
    ),
    "in_settings": (
        "import keras_tuner as kt\n"
        "settings = dict(objective=kt.Objective('val_f1_m', 'max'), max_trials=3)\n"
        "tuner = kt.RandomSearch(build_model, **settings)", F1,
    ),
    "in_a_list": (
        "import keras_tuner as kt\n"
        "tuner = kt.RandomSearch(build_model, objective=[kt.Objective('val_f1_m', 'max')])", F1,
    ),
    "by_a_local_import": (
        "def make():\n    from keras_tuner import RandomSearch, Objective\n"
        "    return RandomSearch(build_model, objective=Objective('val_f1_m', 'max'))\n"
        "tuner = make()", F1,
    ),
    "a_name": (
        "import keras_tuner as kt\ntuner = kt.RandomSearch(build_model, objective='val_accuracy')",
        ("val_accuracy", ""),
    ),
    "a_name_by_position": (
        "import keras_tuner as kt\ntuner = kt.RandomSearch(build_model, 'val_psnr', 5)",
        ("val_psnr", ""),
    ),
    "without_validation": (
        "import keras_tuner as kt\ntuner = kt.RandomSearch(build_model, objective='mse')",
        ("mse", ""),
    ),
    "none": ("import keras_tuner as kt\ntuner = kt.RandomSearch(build_model)", ("", "")),
    "in_a_helper_class": (
        "import keras_tuner as kt\n"
        "class Runner:\n"
        "    goal = None\n"
        "    def __init__(self, metric, direction='min'):\n"
        "        self.name = 'val_' + metric\n"
        "        self.objective = kt.Objective(self.name, direction)\n"
        "    def run(self, x, y):\n"
        "        tuner = kt.RandomSearch(build_model, objective=self.objective)\n"
        "        tuner.search(x, y)\n"
        "Runner('f1_m', direction='max').run(x_train, y_train)", F1,
    ),
    "in_a_helper_classes_constructor": (
        "import keras_tuner as kt\n"
        "class Runner:\n"
        "    def __init__(self, builder, name):\n"
        "        self.objective = kt.Objective(name, 'max')\n"
        "        self.tuner = kt.RandomSearch(builder, self.objective, 3)\n"
        "    def search(self, x, y):\n"
        "        self.tuner.search(x, y, epochs=3)\n"
        "def main():\n"
        "    name = 'val_f1_m'\n"
        "    runner = Runner(build_model, name)\n"
        "    runner.search(x_train, y_train)\n"
        "main()", F1,
    ),
    "in_a_class_attribute": (
        "import keras_tuner as kt\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Runner:\n"
        "    name: str = 'val_loss'\n"
        "    DIRECTION = 'max'\n"
        "    def run(self):\n"
        "        return kt.RandomSearch(build_model, kt.Objective(self.name, self.DIRECTION))\n"
        "runner = Runner(name='val_f1_m')\ntuner = runner.run()", F1,
    ),
    "of_a_builder_in_a_helper_class": (
        "import keras_tuner as kt\n"
        "class Runner:\n"
        "    def __init__(self, units):\n"
        "        self.units, self.goal = units, kt.Objective('val_f1_m', 'max')\n"
        "        self.data = np.load('x.npy')\n"
        "    def build(self, hp):\n"
        "        assert self.units == 4\n"
        "        return build_model(hp)\n"
        "    def run(self):\n"
        "        return kt.RandomSearch(self.build, objective=self.goal)\n"
        "if __name__ == '__main__':\n    tuner = Runner(4).run()", F1,
    ),
    "in_keyword_arguments": (
        "import keras_tuner as kt\n"
        "def make(**settings):\n    return kt.RandomSearch(build_model, **settings)\n"
        "tuner = make(objective=kt.Objective('val_f1_m', 'max'), max_trials=3)", F1,
    ),
    "of_the_command_line": (
        "import argparse\nimport keras_tuner as kt\n"
        "parser = argparse.ArgumentParser()\nparser.add_argument('file')\n"
        "parser.add_argument('--metric', default='val_f1_m')\n"
        "parser.add_argument('--out', required=True)\n"
        "args = parser.parse_args()\n"
        "tuner = kt.RandomSearch(build_model, kt.Objective(args.metric, 'max'))", F1,
    ),
    "bound_anew_later": (
        "import keras_tuner as kt\ngoal = 'val_mae'\n"
        "tuner = kt.RandomSearch(build_model, objective=goal)\ngoal = 'val_loss'", ("val_mae", ""),
    ),
    "against_the_name": (
        "import keras_tuner as kt\n"
        "tuner = kt.RandomSearch(build_model, objective=kt.Objective('val_accuracy', 'min'))",
        ("val_accuracy", "min"),
    ),
    "an_own_constructor": (
        "import keras_tuner as kt\nclass Ours(kt.RandomSearch):\n"
        "    def __init__(self, hypermodel, goal, **kwargs):\n"
        "        super().__init__(hypermodel, objective=goal, **kwargs)\n"
        "    def run_trial(self, trial, x, y):\n        return 1.0\n"
        "from keras_tuner import Objective as Goal\n"
        "tuner = Ours(build_model, goal=Goal('val_f1_m', 'max'))", ("", ""),
    ),
}  # fmt: skip
# A sentence of the template's page about an objective that is not used.
NOTED: dict[str, tuple[str, str]] = {
    "of_the_data": (
        "import keras_tuner as kt\n"
        "goal = 'val_loss' if len(x_train) > 9 else 'val_mae'\n"
        "tuner = kt.RandomSearch(build_model, objective=goal)",
        "Its objective, in line 13, is known only while the script runs",
    ),
}
# Lists of objectives, and those after the first that are proposed.
SEVERAL: dict[str, tuple[str, list[list[str]]]] = {
    "names": (
        "import keras_tuner as kt\n"
        "tuner = kt.RandomSearch(build_model, objective=['val_loss', 'val_mae'])",
        [["val_loss", ""], ["val_mae", ""]],
    ),
    "an_oracle": (
        "import keras_tuner as kt\n"
        "oracle = kt.oracles.BayesianOptimizationOracle(objective=[\n"
        "    kt.Objective('val_accuracy', 'min'), 'val_loss'])\n"
        "tuner = kt.Tuner(oracle, build_model)",
        [["val_accuracy", "min"], ["val_loss", ""]],
    ),
}
