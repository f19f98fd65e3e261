"""Built-in datasets that are computed, always the same: several labels, several numbers, none,
sequences.

Each function is also part of the lines that give people the same data, so it imports for itself."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .sources import Source

ARM = [
    "shoulder (°)", "elbow (°)", "upper arm (mm)", "forearm (mm)", "load (kg)", "temperature (°C)",
]  # fmt: skip
ARM_TARGETS = ["x (mm)", "y (mm)", "torque (Nm)"]
PUMP = [
    "current (A)", "vibration (mm/s)", "bearing temperature (°C)", "winding temperature (°C)",
    "pressure before (bar)", "pressure behind (bar)", "flow (l/min)", "noise (dB)",
]  # fmt: skip
GESTURES = ["circle", "shake", "swipe left", "swipe right"]


def digit_scenes() -> tuple:
    """Scenes of up to four handwritten digits: x (rows, 20, 20, 1), and y with a column of 0 and 1
    for each digit. Every handwritten digit is in one scene only, so that test rows are new."""
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    random = np.random.RandomState(0)
    waiting = random.permutation(len(digits.images)).tolist()
    scenes, labels = [], []
    while waiting:
        scene: np.ndarray = np.zeros((20, 20, 1), "float32")
        label: np.ndarray = np.zeros(10, "float32")
        for place in random.permutation(4)[: random.choice(5, p=[0.05, 0.4, 0.3, 0.2, 0.05])]:
            if waiting:
                index = waiting.pop()
                top, left = 10 * np.array(divmod(place, 2)) + random.randint(3, size=2)
                scene[top : top + 8, left : left + 8, 0] = digits.images[index]
                label[digits.target[index]] = 1
        scenes.append(scene)
        labels.append(label)
    return np.array(scenes), np.array(labels)


def robot_arm() -> tuple:
    """Where the hand of an arm with two joints is, and the torque of its shoulder, in 1,500 poses:
    x of six numbers, y of three. Measured with some error; the temperature changes nothing."""
    import numpy as np

    random = np.random.RandomState(0)
    shoulder, elbow = random.uniform(-90, 90, 1500), random.uniform(-120, 120, 1500)
    upper, fore = random.uniform(280, 320, 1500), random.uniform(230, 270, 1500)
    load, temperature = random.uniform(0, 3, 1500), random.normal(22, 3, 1500)
    first, second = np.radians(shoulder), np.radians(shoulder + elbow)
    across = upper * np.cos(first) + fore * np.cos(second)
    up = upper * np.sin(first) + fore * np.sin(second)
    # The arm's own 2 kg weigh in the middle of the upper arm.
    torque = 9.81 * (load * across + 2 * upper / 2 * np.cos(first)) / 1000
    x = np.column_stack([shoulder, elbow, upper, fore, load, temperature])
    y = np.column_stack([across, up, torque]) + random.normal(0, [3, 3, 0.1], (1500, 3))
    return x.round(1).astype("float32"), y.round(2).astype("float32")


def pump_sensors() -> "np.ndarray":
    """Readings of eight sensors of a pump in 2,000 minutes, which depend on three things that
    nobody measures. One reading in fifty has a fault: a worn bearing vibrates and gets hot, a leak
    lowers the pressure behind the pump."""
    import numpy as np

    random = np.random.RandomState(0)
    speed = random.uniform(900, 3000, 2000)
    load, outside = random.uniform(0.2, 1, 2000), random.normal(15, 6, 2000)
    current = 4 + 18 * load * speed / 3000
    vibration = 0.5 + 1.5 * (speed / 3000) ** 2
    bearing = outside + 20 * speed / 3000 + 15 * load
    winding = outside + 1.8 * current
    pressure_in = 2.5 - 1.2 * load
    pressure_out = pressure_in + 6 * (speed / 3000) ** 2
    flow = 80 * load * speed / 3000
    noise = 55 + 20 * speed / 3000 + 4 * load
    worn, leaking = random.permutation(2000)[:40].reshape(2, 20)
    vibration[worn] += random.uniform(0.8, 2, 20)
    bearing[worn] += random.uniform(8, 20, 20)
    pressure_out[leaking] -= random.uniform(1, 2, 20)
    x = np.column_stack(
        [current, vibration, bearing, winding, pressure_in, pressure_out, flow, noise]
    )
    return (x + random.normal(0, 0.01, x.shape) * x.std(axis=0)).round(2).astype("float32")


def gestures() -> tuple:
    """What a phone's acceleration sensor measures along three axes while a hand moves it, 40 times
    in 2 seconds: x (rows, 40, 3), and y with the numbers of four gestures. They begin at different
    times, and hands differ in speed, strength and in how they hold the phone."""
    import numpy as np

    random = np.random.RandomState(0)
    time = np.linspace(0, 2, 40)
    rows = []
    y = random.randint(4, size=800)
    for gesture in y:
        since, speed = time - random.uniform(0.2, 0.8), random.uniform(0.8, 1.3)
        phase = 2 * np.pi * speed * since
        moving = (since > 0) & (speed * since < 1)
        # There and back: the hand is accelerated, then brought to a stop.
        swipe = np.sin(phase) * (1 if gesture == 3 else -1)
        across = [np.cos(phase), np.sin(4 * phase), swipe, swipe][gesture]
        up = [np.sin(phase), np.cos(4 * phase) / 3, 0 * phase, 0 * phase][gesture]
        forward = np.full(40, random.normal(0, 0.2))
        moved = np.stack([across, up, forward], axis=1) * random.uniform(2, 6) * moving[:, None]
        gravity = random.normal([0, 9.8, 0], 1)
        rows.append(moved + gravity + random.normal(0, 0.8, (40, 3)))
    return np.array(rows, "float32"), y


def snippet(function: Callable[[], Any], names: str = "x, y") -> str:
    """Lines that compute the same x and y."""
    return f"{inspect.getsource(function)}\n\n{names} = {function.__name__}()\n"


def load_digit_scenes(*_: Any) -> Source:
    x, y = digit_scenes()
    return Source(
        x=x, y=y, target_name="digits", target_names=[str(digit) for digit in range(10)],
        origin="Made of scikit-learn's handwritten digits, each of them in one scene.",
        citation="E. Alpaydin, C. Kaynak (1998): Optical Recognition of Handwritten Digits. "
        "UCI, CC BY 4.0.",
        load_snippet=snippet(digit_scenes),
    )  # fmt: skip


def load_robot_arm(*_: Any) -> Source:
    x, y = robot_arm()
    return Source(
        x=x, y=y, feature_names=ARM, target_name=", ".join(ARM_TARGETS), target_names=ARM_TARGETS,
        origin="Simulated: an arm with two joints, and errors of measurement.",
        load_snippet=snippet(robot_arm),
    )  # fmt: skip


def load_pump_sensors(*_: Any) -> Source:
    x = pump_sensors()
    return Source(
        x=x, y=np.zeros(len(x), np.float32), feature_names=PUMP,
        origin="Simulated: a pump with eight sensors, and some faults.",
        load_snippet=snippet(pump_sensors, "x"),
    )  # fmt: skip


def load_gestures(*_: Any) -> Source:
    x, y = gestures()
    return Source(
        x=x, y=y, class_names=GESTURES, target_name="gesture",
        origin="Simulated: the acceleration of a phone in a hand.",
        load_snippet=snippet(gestures),
    )  # fmt: skip
