"""Whether browsers may send files to a bucket: what they ask it before they do (CORS)."""

import urllib.error
import urllib.request

from .s3 import S3Store

_SECONDS = 10.0


def takes_uploads_from(of: S3Store, origin: str) -> bool:
    """Whether pages of this origin may send parts."""
    question = urllib.request.Request(  # noqa: S310  an address of the settings
        of.incoming("question", "question").address(0, 1), method="OPTIONS",
        headers={"Origin": origin, "Access-Control-Request-Method": "PUT"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(question, timeout=_SECONDS) as answer:  # noqa: S310
            headers = answer.headers
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return False
    except OSError:
        return False
    origins = headers.get("Access-Control-Allow-Origin", "")
    methods = headers.get("Access-Control-Allow-Methods", "")
    return origins in ("*", origin) and "PUT" in methods
