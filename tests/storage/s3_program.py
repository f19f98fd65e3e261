"""An S3 server as a program of its own, for benchmarks:

    python -m tests.storage.s3_program

Prints the settings of a Tuneroom whose content lies there, and at its end (SIGTERM) how many
requests of which kind came.
"""

import json
import signal
from collections import Counter

from .s3_server import KEYS, S3Server


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    server = S3Server()
    server.make_bucket()
    print(json.dumps({"STORAGE_URL": server.url, **KEYS}), flush=True)
    signal.sigwait([signal.SIGTERM])
    print(json.dumps(Counter(each.split()[0] for each in server.requests)), flush=True)
    server.stop()


if __name__ == "__main__":
    main()
