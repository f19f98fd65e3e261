import random

PRODUCTS = ["kettle", "lamp", "backpack", "headphones", "chair"]
OPENINGS = [
    "I bought this {} last month.",
    "We have had the {} for a while.",
    "The {} was a present for my sister.",
    "Ordered the {} on a Monday.",
]
GOOD = [
    "It is sturdy and easy to use",
    "The colour is lovely",
    "It works perfectly every day",
    "The quality surprised me in a good way",
    "Delivery was quick",
    "I would buy it again",
]
BAD = [
    "It broke after a week",
    "The handle feels cheap",
    "It is far too loud",
    "The instructions are useless",
    "Delivery took for ever",
    "I would not buy it again",
]
NEITHER = [
    "The box was green",
    "My neighbour has one too",
    "It stands in the kitchen",
    "I use it twice a week",
    "It came with a short cable",
]


def reviews(rows=2_000, seed=0):
    """Made-up product reviews: nobody wrote them. Some sentences contradict their rating."""
    chance = random.Random(seed)  # noqa: S311
    table = []
    for _ in range(rows):
        product, happy = chance.choice(PRODUCTS), chance.random() < 0.55
        wordy = chance.randint(1, 4)
        said = [
            chance.choice(GOOD if happy != (chance.random() < 0.15) else BAD) for _ in range(wordy)
        ]
        said += chance.sample(NEITHER, chance.randint(0, 2))
        chance.shuffle(said)
        text = " ".join([chance.choice(OPENINGS).format(product), *(f"{part}." for part in said)])
        if chance.random() < 0.1:
            text = text.replace(". ", ".\n", 1)
        dear = chance.lognormvariate(3.4 if happy else 3.7, 0.6)
        table.append(
            {
                "review": text if chance.random() > 0.01 else "",
                "product": product,
                "price": round(dear, 2),
                "rating": "positive" if happy else "negative",
            }
        )
    return table
