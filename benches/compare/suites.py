"""The suites: what is measured, against which target of issue 7, and the tables that come of it."""

import shutil
import statistics
import subprocess
import sys
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path

import limits
from processes import measure, simulator
from tables import chart, mebibytes, milliseconds, number, peak, seconds, table, times, verdict

# By how they are named in tables.
PEERS = {
    "sequential": "Python SDK, sequential",
    "asyncio": "Python SDK, asyncio, 8 at a time",
    "curl": "curl and jq",
}
OURS = "elevenlabs-secrets-audit"
BARE = "bare loop"


@dataclass
class Programs:
    ours: Path
    simulator: Path
    bare: Path
    python: Path
    peers: Path


@dataclass
class Setting:
    """What a suite is given."""

    programs: Programs
    given: Namespace
    scratch: Path

    def serving(self, secrets, dependents, latency=0, workspaces=1, agents=0, branches=0):
        size = {"secrets": secrets, "dependents": dependents, "workspaces": workspaces, "latency": latency}
        size |= {"agents": agents, "branches": branches}
        return simulator(self.programs.simulator, **size)

    def ours(self, serving, directory):
        """One audit into a directory, where an earlier one may have left its bundle."""
        serving.tell(f"config {directory} {self.given.concurrency} {self.given.total}")
        command = [self.programs.ours, "audit", "--quiet", "--config", directory / "config.toml"]
        return measure([*command, "--out", directory / "out"], {}, serving)

    def ours_anew(self, serving, name="anew"):
        """One audit without an earlier bundle."""
        directory = self.scratch / name
        shutil.rmtree(directory, ignore_errors=True)
        return self.ours(serving, directory)

    def other(self, name, serving):
        """One run of another program. What it took, and the file that it wrote."""
        file = self.scratch / f"{name}.csv"
        self.scratch.mkdir(parents=True, exist_ok=True)
        scripts = self.programs.peers
        program = {
            "bare": [self.programs.bare],
            "sequential": [self.programs.python, scripts / "sdk_sequential.py"],
            "asyncio": [self.programs.python, scripts / "sdk_asyncio.py"],
            "curl": [scripts / "curl_jq"],
        }[name]
        # What it compiles of itself is compiled before it is measured, or again and again.
        environment = {"ELEVENLABS_API_KEY": serving.key, "PYTHONPYCACHEPREFIX": str(self.scratch / "pycache")}
        return measure([*program, serving.base_url, file], environment, serving), file

    def same_rows(self, file, serving, name="anew"):
        """Fails where a file has other pairs of secret and dependent than our dependents.csv, or finds others unused."""
        ours = self.scratch / name / "out" / "latest" / "dependents.csv"
        # In another process, whose memory is none of this one's.
        script = Path(__file__).with_name("same_rows.py")
        subprocess.run([sys.executable, script, ours, file, str(serving.about["rows"])], check=True)


def median(runs):
    """Of several runs: the median of each time, and the highest peak."""
    of = lambda what: statistics.median(getattr(run, what) for run in runs)  # noqa: E731
    return replace(max(runs, key=lambda run: run.peak), wall=of("wall"), cpu=of("cpu"))


def asked(measured, serving):
    """How many requests were sent, and whether they were those that cannot be done without."""
    again = sum(needed["repeated"] for needed in serving.about["needed"])
    exactly = measured.requests == serving.requests and measured.repeated == again
    return f"{number(measured.requests)} of {number(serving.requests)}{'' if exactly else ' **not R**'}"


def _against_bounds(took, serving, given):
    """Cells of a table: the latency as it is here, the time taken, and how that is to the bounds, also to the one that there
    would be if the machine added nothing to the latency; and the bound."""
    needed, latency = serving.about["needed"], serving.latency()
    bounds = limits.walls(needed, latency, given.concurrency, given.total)
    nominal = limits.walls(needed, given.latency / 1000, given.concurrency, given.total)[0]
    cells = [milliseconds(latency), seconds(took.wall)]
    cells += [part for bound in bounds for part in (seconds(bound), times(took.wall / bound))]
    return [*cells, times(took.wall / nominal)], bounds[0]


def _bounds_head(given):
    bounds = ["bound", "ratio", "with the barrier", "ratio"]
    return ["requests of R", "L", "wall", *bounds, f"ratio, were L {given.latency} ms"]


def wall(setting):
    given, rows = setting.given, []
    for secrets, dependents in [(1_000, 12), (1_000, 120), (given.secrets // 5, 120)]:
        with setting.serving(secrets, dependents, given.latency) as serving:
            took = median([setting.ours_anew(serving) for _ in range(given.runs)])
            cells, bound = _against_bounds(took, serving, given)
            size = f"{number(secrets)} × {dependents}"
            rows.append([size, asked(took, serving), *cells, took.at_once, verdict(took.wall <= 1.10 * bound)])
    return table(["secrets × dependents", *_bounds_head(given), "at once", "target: 1.10 × bound"], rows)


def many(setting):
    given = setting.given
    with setting.serving(50, 12, given.latency, given.workspaces) as serving:
        took = median([setting.ours_anew(serving) for _ in range(given.runs)])
        cells, bound = _against_bounds(took, serving, given)
        row = [f"{given.workspaces} × 50", asked(took, serving), *cells, seconds(took.cpu), peak(took), took.at_once]
    head = ["workspaces × secrets", *_bounds_head(given), "CPU", "peak", "at once", "target: 1.15 × bound"]
    return table(head, [[*row, verdict(took.wall <= 1.15 * bound)]])


def agents(setting):
    given = setting.given
    with setting.serving(200, 12, given.latency, agents=2_000, branches=2) as serving:
        took = median([setting.ours_anew(serving) for _ in range(given.runs)])
        cells, bound = _against_bounds(took, serving, given)
        row = ["2,000 × 2", asked(took, serving), *cells, seconds(took.cpu), peak(took), took.at_once]
    head = ["agents × branches", *_bounds_head(given), "CPU", "peak", "at once", "target: 1.15 × bound"]
    return table(head, [[*row, verdict(took.wall <= 1.15 * bound)]])


def large(setting):
    given = setting.given
    size = f"{number(given.secrets)} × {given.dependents}"
    with setting.serving(given.secrets, given.dependents) as serving:
        bare = median([setting.other("bare", serving)[0] for _ in range(given.runs)])
        setting.ours_anew(serving)
        setting.same_rows(setting.scratch / "bare.csv", serving)
        anew = median([setting.ours_anew(serving) for _ in range(given.runs)])
        # Each finds the bundle of the one before it.
        later = median([setting.ours(serving, setting.scratch / "anew") for _ in range(given.runs)])
        mib = bare.body_bytes / 2**20
        rows = [
            [BARE, seconds(bare.cpu), "1×", seconds(bare.wall), peak(bare), asked(bare, serving), ""],
            [f"{OURS}, no earlier bundle", *_of_large(anew, bare, serving)],
            [f"{OURS}, with an earlier one", *_of_large(later, bare, serving)],
        ]
    with setting.serving(given.secrets, given.dependents // 10) as serving:
        setting.ours_anew(serving, "tenth")
        tenth = median([setting.ours(serving, setting.scratch / "tenth") for _ in range(given.runs)])
    is_flat = later.peak <= 2 * tenth.peak
    memory = [
        [f"{number(given.secrets)} × {given.dependents // 10}", peak(tenth), "", ""],
        [size, peak(later), times(later.peak / tenth.peak), verdict(is_flat)],
    ]
    head = ["", "CPU", "of the bare loop", "wall", "peak", "requests of R", "target: 3 × CPU, 96 MiB"]
    return "\n\n".join(
        [
            f"{size} dependents, {number(given.secrets * given.dependents)} rows, {mib:.0f} MiB of answers, no latency:",
            table(head, rows),
            "Ten times the rows, with an earlier bundle:",
            table(["secrets × dependents", "peak", "ratio", "target: 2 ×"], memory),
        ]
    )


def _of_large(took, bare, serving):
    row = [seconds(took.cpu), times(took.cpu / bare.cpu), seconds(took.wall), peak(took)]
    by_cpu, by_peak = verdict(took.cpu <= 3 * bare.cpu), verdict(took.peak <= 96 * 2**20)
    return [*row, asked(took, serving), f"CPU {by_cpu}, peak {by_peak}"]


def peers(setting):
    given, parts = setting.given, []
    # Compiles the SDK once, and finds out early whether it works.
    with setting.serving(50, 12) as serving:
        setting.ours_anew(serving)
        for name in given.peers:
            setting.same_rows(setting.other(name, serving)[1], serving)
    # The SDK loads its parts as they are first used.
    load = (
        "from elevenlabs import ElevenLabs; client = ElevenLabs(api_key='none'); agents = client.conversational_ai;"
        "agents.secrets, agents.mcp_servers, agents.settings, client.environment_variables, client.speech_engine"
    )
    loading = median([measure([setting.programs.python, "-c", load], {}) for _ in range(3)])
    targets = {"sequential": (5, 20), "asyncio": (2, 20)}
    for secrets, dependents, latency in [(1_000, 12, given.latency), (given.secrets, given.dependents, 0)]:
        with setting.serving(secrets, dependents, latency) as serving:
            ours = median([setting.ours_anew(serving) for _ in range(given.runs)])
            row = [OURS, seconds(ours.wall), "", seconds(ours.cpu), "", peak(ours), asked(ours, serving), ""]
            rows = [row]
            # curl and jq are processes for each request: on the large one they would take the whole evening.
            for name in (name for name in given.peers if latency or name in targets):
                took = median([setting.other(name, serving)[0] for _ in range(given.peer_runs)])
                setting.same_rows(setting.scratch / f"{name}.csv", serving)
                by_wall, by_cpu = took.wall / ours.wall, took.cpu / ours.cpu
                target = ""
                if name in targets:
                    wall_target, cpu_target = targets[name]
                    ratio, least = (by_wall, wall_target) if latency else (by_cpu, cpu_target)
                    target = f"{least}× {'wall' if latency else 'CPU'}: {verdict(ratio >= least)}"
                row = [PEERS[name], seconds(took.wall), times(by_wall), seconds(took.cpu), times(by_cpu)]
                rows.append([*row, peak(took), asked(took, serving), target])
        waits = f"{latency} ms until each answer" if latency else "no latency"
        head = ["", "wall", "of ours", "CPU", "of ours", "peak", "requests of R", "target"]
        parts += [f"{number(secrets)} secrets × {dependents} dependents, {waits}:", table(head, rows)]
    if {"sequential", "asyncio"} & set(given.peers):
        parts.append(f"Of what the SDK's scripts take, loading it takes {seconds(loading.cpu)} of CPU.")
    return "\n\n".join(parts)


def start(setting):
    given, often = setting.given, 20
    version = median([measure([setting.programs.ours, "--version"], {}) for _ in range(often)])
    with setting.serving(0, 0) as serving:
        empty = median([setting.ours_anew(serving) for _ in range(max(given.runs, 5))])
    size = setting.programs.ours.stat().st_size
    rows = [
        ["`--version`, wall", seconds(version.wall), "10 ms", verdict(version.wall < 0.010)],
        ["`--version`, CPU", seconds(version.cpu), "", ""],
        ["an empty workspace, CPU", seconds(empty.cpu), "50 ms", verdict(empty.cpu < 0.050)],
        ["an empty workspace, wall", seconds(empty.wall), "", ""],
        ["binary, stripped", mebibytes(size), "12 MiB", verdict(size < 12 * 2**20)],
    ]
    return table(["", "", "target: under", ""], rows)


def growth(setting):
    given, rows, labels, cpu = setting.given, [], [], []
    secrets = 100
    while secrets <= given.largest:
        with setting.serving(secrets, 12) as serving:
            took = median([setting.ours_anew(serving) for _ in range(given.runs)])
            cost = took.cpu / secrets * 1000
            rows.append(
                [number(secrets), number(serving.about["rows"]), asked(took, serving), seconds(took.wall)]
                + [seconds(took.cpu), f"{cost * 1000:.0f} ms", peak(took)]
            )
        labels.append(number(secrets))
        cpu.append(cost * 1000)
        secrets *= 10
    head = ["secrets", "rows", "requests of R", "wall", "CPU", "CPU for each 1,000 secrets", "peak"]
    title = "CPU for each 1,000 secrets, by the number of secrets"
    return "\n\n".join([table(head, rows), chart(title, "milliseconds", labels, cpu)])


SUITES = {"wall": wall, "many": many, "agents": agents, "large": large, "peers": peers, "start": start, "growth": growth}
