"""What our processes cost, as the kernel counts it (Linux, /proc)."""

import os
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

#: A process of the laboratory by its command line.
ROLES = {
    "dialer": " serve --part dialer",
    "switch": "/switch-",
    "phones": "/phones-",
    "postgres": "/postgres -D ",
    "sipp": "sipp -sf ",
    "bare": "lab.bench.bare",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the start of each process, by role; a role's children count with it."""

    cpu_s: dict[str, float] = field(default_factory=dict)

    def since(self, before: "Usage") -> dict[str, float]:
        """CPU seconds between two readings."""
        return {
            role: round(spent - before.cpu_s[role], 3)
            for role, spent in self.cpu_s.items()
            if role in before.cpu_s
        }


def usage() -> Usage:
    """What the laboratory's processes have used so far."""
    return Usage({role: sum(map(_cpu_s, family)) for role, family in _families().items()})


def resident_bytes(role: str) -> int:
    """Memory of a role's own process that is in RAM now."""
    pid = _families()[role][0]
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def pid_of(role: str) -> int:
    return _families()[role][0]


def machine() -> str:
    """The processor and how many of its cores are ours."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown"
    )
    return f"{len(os.sched_getaffinity(0))} x {model}"


def busy_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Share of the whole machine's time that was not idle between two `machine_ticks`."""
    total = after[0] - before[0]
    return round(1 - (after[1] - before[1]) / total, 3) if total else 0.0


def machine_ticks() -> tuple[int, int]:
    """Ticks of all cores since boot: all, and idle ones."""
    figures = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(figures), figures[3] + figures[4]


def _families() -> dict[str, list[int]]:
    """Our processes by role, each with its descendants. The keepers between us and them count for nothing."""
    found: dict[str, list[int]] = {}
    for keeper in _children(os.getpid()):
        for pid in _children(keeper):
            command = _command(pid)
            for role, mark in ROLES.items():
                if mark in command:
                    found[role] = [pid, *_descendants(pid)]
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    except OSError:
        pass  # it has ended
    return children


def _descendants(pid: int) -> list[int]:
    children = _children(pid)
    return children + [each for child in children for each in _descendants(child)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _cpu_s(pid: int) -> float:
    """User and system time of a process and of its children that have ended."""
    try:
        figures = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, figures[11:15])) / TICKS_PER_S
