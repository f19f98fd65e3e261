"""A hostile template tries everything; the kernel says no, and training goes on as before."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuning.protocol.events import Failed, Inspected
from tuning.protocol.orders import InspectOrder
from tuning.runner.sandbox import landlock, seccomp

from .harness import Runner, project
from .modules import runner_modules

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        landlock.abi() < 6 or not seccomp.is_available(),
        reason="this kernel has no Landlock of ABI 6 or no seccomp",
    ),
]

HOSTILE = """
import ctypes, importlib, json, os, socket, subprocess

def tried(attempt):
    try:
        return repr(attempt())[:200]
    except BaseException as error:
        return type(error).__name__

def refused(name):
    try:
        importlib.import_module(name)
    except BaseException as error:
        return repr(error)

def connect(family, address):
    with socket.socket(family) as client:
        client.settimeout(2)
        client.connect(address)

def namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000):
        raise PermissionError(ctypes.get_errno())

def trace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, {parent}, 0, 0):
        raise PermissionError(ctypes.get_errno())

answers = {{
    "secret": tried(lambda: open({secret!r}).read()),
    "secret by a child": tried(lambda: subprocess.run(
        ["cat", {secret!r}], capture_output=True, check=True)),
    "list the data folder": tried(lambda: os.listdir({root!r})),
    "another dataset": tried(lambda: open({other!r}, "rb").read(4)),
    "write to the dataset": tried(lambda: open({dataset!r} + "/x.npy", "r+b")),
    "replace the dataset": tried(lambda: os.rename({dataset!r}, {dataset!r} + "2")),
    "write beside its folder": tried(lambda: open("../was-here", "w")),
    "write to the code": tried(lambda: open({code!r}, "a")),
    "environment of the parent": tried(lambda: open("/proc/{parent}/environ").read()),
    "memory of the parent": tried(lambda: open("/proc/{parent}/mem", "rb")),
    "signal the parent": tried(lambda: os.kill({parent}, 0)),
    "trace the parent": tried(trace),
    "the broker's port": tried(lambda: connect(socket.AF_INET, ("127.0.0.1", {port}))),
    "a local socket": tried(lambda: connect(socket.AF_UNIX, {socket!r})),
    "a namespace": tried(namespace),
    "setuid programs": tried(lambda: subprocess.run(["su", "-c", "id"], check=True)),
    "OWN FOLDER": tried(lambda: open("mine", "w").write("x")),
    "OWN DATASET": tried(lambda: len(open({dataset!r} + "/x.npy", "rb").read()) > 0),
    "CODE FOR OTHER ORDERS": {{
        name: said for name in {modules!r} if (said := refused(name))
    }},
    "ENVIRONMENT": sorted(os.environ),
}}
with open("answers.json", "w") as file:
    json.dump(answers, file)
"""


@pytest.fixture
def answers(datasets: Path, tmp_path: Path) -> Iterator[dict[str, object]]:
    """What the hostile template could do at level 2, in its own words."""
    secret = tmp_path / "secret_key"
    secret.write_text("the secret")
    with socket.socket() as broker, socket.socket(socket.AF_UNIX) as local:
        broker.bind(("127.0.0.1", 0))
        broker.listen()
        path = str(tmp_path / "s")
        local.bind(path)
        local.listen()
        code = HOSTILE.format(
            secret=str(secret), root=str(tmp_path), other=str(datasets / "wine" / "x.npy"),
            dataset=str(datasets / "digits"), code=landlock.__file__, parent=os.getpid(),
            port=broker.getsockname()[1], socket=path, modules=runner_modules(),
        )  # fmt: skip
        flags = {"RUNNER_LEVEL": "2", "RUNNER_DATASETS": str(datasets)}
        with Runner(tmp_path / "work", **flags) as runner:
            order = InspectOrder(project(code, datasets / "digits"))
            event = runner.result(order, Inspected)
            assert isinstance(event, Failed), event
            yield json.loads((tmp_path / "work" / "answers.json").read_text())


def test_a_hostile_template_reaches_nothing(answers: dict[str, object]) -> None:
    environment = answers.pop("ENVIRONMENT")
    assert answers.pop("CODE FOR OTHER ORDERS") == {}
    assert answers.pop("OWN FOLDER") == "1"
    assert answers.pop("OWN DATASET") == "True"
    refused = {"PermissionError", "CalledProcessError", "FileNotFoundError"}
    got_through = {name: said for name, said in answers.items() if said not in refused}
    assert got_through == {}
    assert isinstance(environment, list)
    words = ("SECRET", "PASSWORD", "DATABASE", "REDIS", "TUNEROOM", "DJANGO")
    assert not [name for name in environment if any(word in name for word in words)]
