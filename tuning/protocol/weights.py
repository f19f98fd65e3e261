"""Which files are fetched for model templates, which have no network: Keras's published weights."""

import re

# keras.applications asks for all of its weights below this address.
PUBLISHED = "https://storage.googleapis.com/tensorflow/keras-applications/"
_BELOW = re.compile(
    r"(?:[A-Za-z0-9_-]+/)?(?P<file>[A-Za-z0-9_-][A-Za-z0-9_.-]{0,150}\.(?:h5|keras))"
)


def published_file(url: str, published: str) -> str:
    """The name of the file at `url`, if that lies below the address `published`; else ""."""
    if not published or not url.startswith(published):
        return ""
    found = _BELOW.fullmatch(url[len(published) :])
    return found["file"] if found else ""
