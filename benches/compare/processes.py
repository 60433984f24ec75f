"""What `run` starts: the simulator, and the processes that are measured."""

import http.client
import json
import os
import resource
import statistics
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Measured:
    """One run of one process. Seconds, and bytes."""

    wall: float
    cpu: float
    peak: int
    # Below this a peak cannot be told: the kernel counts what this script had in memory as it started the process.
    floor: int
    requests: int = 0
    repeated: int = 0
    at_once: int = 0
    body_bytes: int = 0


class Simulator:
    """The simulator over made-up workspaces, in a process of its own."""

    def __init__(self, program, **options):
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            [program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self.about = self._answer()
        except BaseException:
            self.close()
            raise

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the simulator has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"the simulator: {answer['error']}")
        return answer

    def tell(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self):
        self._process.stdin.close()
        self._process.wait()

    @property
    def base_url(self):
        return self.about["base_url"]

    @property
    def key(self):
        return self.about["keys"][0]

    def latency(self, tries=21):
        """How long a small answer takes over an open connection, in seconds: what it is held back, and what the machine adds."""
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc)
        took = []
        for _ in range(tries):
            began = time.perf_counter()
            connection.request("GET", "/v1/convai/settings", headers={"xi-api-key": self.key})
            connection.getresponse().read()
            took.append(time.perf_counter() - began)
        connection.close()
        return statistics.median(took)

    @property
    def requests(self):
        """What cannot be done without, all workspaces together."""
        return sum(requests_of(needed) for needed in self.about["needed"])


@contextmanager
def simulator(program, **options):
    running = Simulator(program, **options)
    try:
        yield running
    finally:
        running.close()


def requests_of(needed):
    """All requests that one workspace takes."""
    return before_confirmations(needed) + needed["confirmations"]


def before_confirmations(needed):
    return sum(count for part, count in needed.items() if part not in ("confirmations", "longest_chain"))


def measure(command, environment, serving=None, directory=None):
    """Runs a command to its end; what it took, and what it asked of the simulator."""
    if serving:
        serving.tell("counts")
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment}
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    # Read to its end first: a process whose standard error is full stands still.
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}: {said.decode(errors='replace')}")
    measured = Measured(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, floor)
    if serving:
        counts = serving.tell("counts")
        measured.requests, measured.repeated = counts["requests"], counts["repeated"]
        measured.at_once, measured.body_bytes = counts["peak_in_flight"], counts["body_bytes"]
    return measured
