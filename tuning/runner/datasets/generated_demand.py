import datetime
import math
import random

TEMPERATURES = [2, 3, 7, 12, 16, 20, 22, 21, 17, 12, 6, 3]


def demand(hours=3_000, seed=0):
    """A made-up town's demand for electricity, hour by hour: it follows the time of day, weekends,
    the weather, and what it was before. Nobody measured it."""
    chance = random.Random(seed)  # noqa: S311
    first = datetime.datetime(2023, 1, 2)  # noqa: DTZ001
    weather = drift = 0.0
    table = []
    for hour in range(hours):
        time = first + datetime.timedelta(hours=hour)
        # Both change slowly, so that the last hours say something about the next one.
        weather = 0.98 * weather + chance.gauss(0, 0.8)
        drift = 0.9 * drift + chance.gauss(0, 1.2)
        day = math.sin((time.hour - 9) / 24 * 2 * math.pi)
        degrees = TEMPERATURES[time.month - 1] + 4 * day + weather
        weekend = time.weekday() >= 5
        morning = math.exp(-(((time.hour - 8) / 2) ** 2)) * (0.4 if weekend else 1)
        evening = math.exp(-(((time.hour - 19) / 3) ** 2))
        heating = max(0, 15 - degrees) * 1.5 + max(0, degrees - 22) * 2
        megawatts = 60 + 25 * morning + 30 * evening + 8 * day + heating + drift - 9 * weekend
        table.append(
            {
                "time": time.strftime("%Y-%m-%d %H:%M"),
                "demand": round(megawatts, 1),
                "temperature": round(degrees, 1),
                "hour": time.hour,
                "weekend": "yes" if weekend else "no",
            }
        )
    return table
