"""Network namespaces as machines that are connected by a switch. They need root."""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.programs import program


def ip(*words: str) -> None:
    subprocess.run([program("ip"), *words], check=True, capture_output=True)


class Switch:
    """Connects `names`, which become namespaces with the addresses `network` + 11, 12 …; the first
    three numbers of an address are the network. `with_us`: this machine is connected, too, as
    number 1. Otherwise its own network does not notice anything."""

    def __init__(self, names: Sequence[str], network: str, with_us: bool) -> None:
        self.names, self.network, self.with_us = names, network, with_us
        self._name = f"{names[0]}-switch"
        self._at = [] if with_us else ["-n", self._name]

    def address(self, name: str) -> str:
        return f"{self.network}.{self.names.index(name) + 11}"

    def inside(self, name: str) -> list[str]:
        """The words before a command that runs on this machine."""
        return [program("ip"), "netns", "exec", name]

    def turn_off(self) -> None:
        """Kill whatever runs on the machines."""
        for name in self.names:
            _kill_all(name)

    def cut(self, name: str) -> None:
        ip(*self._at, "link", "set", self._port(name), "down")

    def mend(self, name: str) -> None:
        ip(*self._at, "link", "set", self._port(name), "up")

    def _port(self, name: str) -> str:
        # At most 15 characters.
        return f"tuneroom-port{self.names.index(name)}"

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """At the end whatever runs on the machines is killed."""
        with contextlib.ExitStack() as stack:
            if not self.with_us:
                stack.enter_context(_namespace(self._name))
            bridge = "tuneroom-switch"
            ip(*self._at, "link", "add", bridge, "type", "bridge")
            if self.with_us:
                stack.callback(ip, "link", "del", bridge)
                ip("addr", "add", f"{self.network}.1/24", "dev", bridge)
            ip(*self._at, "link", "set", bridge, "up")
            for name in self.names:
                stack.enter_context(_namespace(name))
                port = self._port(name)
                ip(*self._at, "link", "add", port, "type", "veth", "peer", "name", "inside",
                   "netns", name)  # fmt: skip
                ip(*self._at, "link", "set", port, "master", bridge, "up")
                ip("-n", name, "addr", "add", f"{self.address(name)}/24", "dev", "inside")
                ip("-n", name, "link", "set", "inside", "up")
                ip("-n", name, "link", "set", "lo", "up")
            yield


@contextlib.contextmanager
def _namespace(name: str) -> Iterator[None]:
    ip("netns", "add", name)
    try:
        yield
    finally:
        _kill_all(name)
        ip("netns", "del", name)


def _kill_all(name: str) -> None:
    command = [program("ip"), "netns", "pids", name]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    processes = []
    for pid in found.stdout.split():
        with contextlib.suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(int(pid)))
            processes[-1].kill()
    psutil.wait_procs(processes, timeout=20)


@contextlib.contextmanager
def host_names(machines: Sequence[str], names: Sequence[str], address: str) -> Iterator[None]:
    """On these machines, the names are those of this address: `ip netns exec` lays what is in
    /etc/netns over /etc."""
    text = f"127.0.0.1 localhost\n{address} {' '.join(names)}\n"
    folders = [Path("/etc/netns") / machine for machine in machines]
    try:
        for folder in folders:
            folder.mkdir(parents=True)
            (folder / "hosts").write_text(text)
        yield
    finally:
        for folder in folders:
            (folder / "hosts").unlink(missing_ok=True)
            folder.rmdir()
