"""The space of most tests and of a benchmark: four hyperparameters, one of them conditional."""

SPACE = {
    "space": [
        {
            "class_name": "Int",
            "config": {
                "name": "units", "default": 16, "conditions": [], "min_value": 8,
                "max_value": 64, "step": 8, "sampling": "linear",
            },
        },
        {
            "class_name": "Choice",
            "config": {
                "name": "optimizer", "default": "adam", "conditions": [],
                "values": ["adam", "sgd"], "ordered": False,
            },
        },
        {
            "class_name": "Float",
            "config": {
                "name": "momentum", "default": 0.5,
                "conditions": [
                    {"class_name": "Parent", "config": {"name": "optimizer", "values": ["sgd"]}}
                ],
                "min_value": 0.0, "max_value": 0.9, "step": 0.1, "sampling": "linear",
            },
        },
        {
            "class_name": "Float",
            "config": {
                "name": "learning_rate", "default": 0.001, "conditions": [],
                "min_value": 0.0001, "max_value": 0.1, "step": None, "sampling": "log",
            },
        },
    ],
    "values": {},
}  # fmt: skip
