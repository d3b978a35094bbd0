"""VICIdial's adaptive dialling, re-implemented from a reading of its adapt and auto-dial programs (SVN 3884).

A feedback on the queue: every second it samples agents ready, calls waiting and agents logged in; every 15 s
the dial level is multiplied by 1 + (ready - waiting + target) / agents over the last 15 samples, kept within
1 and the maximum, and halved when more than half of the last minute's calls were dropped. Every minute it
looks at today's drops over today's answers; past 50 calls and over the limit, the mode decides:

- hard limit: level 1.0;
- average: half the level;
- tapered: the level times (HHMM left to the taper hour) / 1000, so nothing while ten hours remain, 1.0 past
the hour.   (HHMM is subtracted as a decimal number, as there: 11:59 to 12:00 counts 41.)

The dial loop runs every 2.5 s and places level x (agents ready or in a call) less lines in use, one call
after the other. It knows no probabilities, no ring times and no elapsed talk; it aims at calls waiting as
often as agents. Here as a baseline, and for supervisors who want what they know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import ClassVar

from pacing.counting import Figures, LedgerPolicy, Wish
from pacing.ledger import Ending
from pacing.policy import AgentState, CallId, CampaignInfo, Limit, Snapshot, State, register

SAMPLE_S, LEVEL_S, DROPS_S, DIAL_S, MINUTE_S = 1.0, 15.0, 60.0, 2.5, 60.0
SAMPLES = 15
#: Today's drop rate counts from so many calls on.
JUDGED_FROM_CALLS = 50
#: More than half dropped of more than so many calls in a minute halves the level.
MINUTE_CALLS, MINUTE_DROPS = 20, 0.5
#: Calls a second its dial loop sends one after the other.
SENT_PER_S = 20.0
DAY_S = 86400.0
LONG_AGO = -1e9


class Vicidial(LedgerPolicy):
    """Settings, named as in its campaign screen: `max_level` (adaptive maximum level), `intensity` (-40 to
    40, percent by which rises are made larger and falls smaller), `difference_target` (agents it tries to
    keep waiting), `available_only` (tally only ready agents), `start_hour` (local hour at which the campaign
    starts), `taper_hour`."""

    mode: ClassVar[str]

    def __init__(
        self,
        max_level: float = 3.0,
        intensity: float = 0.0,
        difference_target: float = 0.0,
        available_only: bool = False,
        start_hour: float = 9.0,
        taper_hour: float = 21.0,
    ) -> None:
        super().__init__()
        if not 1.0 <= max_level <= 20.0:
            raise ValueError(f"max_level {max_level!r} is out of range: give 1 to 20")
        if not -40.0 <= intensity <= 40.0 or not -40.0 <= difference_target <= 40.0:
            raise ValueError("intensity or difference_target is out of range: give -40 to 40")
        if not 0.0 <= start_hour < 24.0 or not 0.0 <= taper_hour < 24.0:
            raise ValueError("start_hour or taper_hour is out of range: give 0 to below 24")
        self.max_level, self.intensity, self.difference_target = max_level, intensity, difference_target
        self.available_only, self.start_hour, self.taper_hour = available_only, start_hour, taper_hour
        self._begin(0.0)

    def campaign_start(self, now: float, info: CampaignInfo) -> None:
        super().campaign_start(now, info)
        self._begin(now)

    def _begin(self, now: float) -> None:
        self.midnight = now - self.start_hour * 3600
        self.level, self.left_to_dial, self.day = 1.0, 0, 0
        self.sampled_at = self.levelled_at = self.dropped_at = self.dialled_at = LONG_AGO
        #: (ready, waiting, logged in), once a second.
        self.samples: deque[tuple[int, int, int]] = deque(maxlen=SAMPLES)
        #: When calls were placed and dropped in the last minute.
        self.placed_at: deque[float] = deque()
        self.drops_at: deque[float] = deque()
        self.calls = self.answers = self.drops = 0
        #: As of the last look, once a minute.
        self.drop_rate, self.judged_calls = 0.0, 0

    # ------------------------------------------------------------------ events

    def call_placed(
        self, now: float, call_id: CallId, p_human: float | None = None, segment: Hashable = None
    ) -> None:
        super().call_placed(now, call_id, p_human, segment)
        self.calls += 1
        self.placed_at.append(now)

    def call_moved(self, now: float, ending: Ending, outcome: str | None) -> None:
        if ending.live:
            self.answers += 1
        if ending.abandoned:
            self.drops += 1
            self.drops_at.append(now)

    # --------------------------------------------------------------- decisions

    def want(self, now: float, snap: Snapshot) -> Wish:
        day = int((now - self.midnight) // DAY_S)
        if day != self.day:
            self.day, self.calls, self.answers, self.drops = day, 0, 0, 0
            self.drop_rate, self.judged_calls = 0.0, 0
        if now - self.sampled_at >= SAMPLE_S:
            self.sampled_at = now
            self.samples.append((snap.ready, snap.waiting, snap.logged_in))
        if now - self.dropped_at >= DROPS_S:
            self.dropped_at = now
            self.drop_rate = self.drops / max(1, self.answers)
            self.judged_calls = self.calls
        if now - self.levelled_at >= LEVEL_S:
            self.levelled_at = now
            self.level = self._next_level(now)
        if now - self.dialled_at >= DIAL_S:
            self.dialled_at = now
            in_call = len(self.ledger.since[AgentState.TALK])
            tallied = snap.ready if self.available_only else snap.ready + in_call
            lines_wanted = self.level * tallied + (in_call if self.available_only else 0)
            in_use = self.ledger.dialling(snap) + snap.waiting + in_call
            self.left_to_dial = int(lines_wanted + 0.5) - in_use
        calls = max(0, min(self.left_to_dial, int(SENT_PER_S * self.info.tick)))
        self.left_to_dial -= calls
        return self._wish(calls)

    def _next_level(self, now: float) -> float:
        n = max(1, len(self.samples))
        ready, waiting, agents = (sum(sample[i] for sample in self.samples) / n for i in range(3))
        difference = (ready - waiting + self.difference_target) / agents if agents > 0 else 0.0
        difference *= abs(self.intensity / 100 - 1) if difference < 0 else self.intensity / 100 + 1
        level = min(max(self.level * (1 + difference), 1.0), self.max_level)
        for times in (self.placed_at, self.drops_at):
            while times and times[0] < now - MINUTE_S:
                times.popleft()
        if len(self.placed_at) > MINUTE_CALLS and len(self.drops_at) > MINUTE_DROPS * len(self.placed_at):
            level /= 2
        if self._over():
            level = self._brake(now, level)
        return max(level, 1.0)

    def _over(self) -> bool:
        return self.judged_calls > JUDGED_FROM_CALLS and self.drop_rate > self.info.target_abandon

    def _brake(self, now: float, level: float) -> float:
        if self.mode == "hard limit":
            return 1.0
        if self.mode == "average":
            return level / 2
        minutes = int((now - self.midnight) % DAY_S // 60)
        left = self.taper_hour * 100 - (minutes // 60 * 100 + minutes % 60)
        return 1.0 if left < 0 else level * min(1.0, left / 1000)

    def _wish(self, calls: int) -> Wish:
        over, level, rate, mode = self._over(), self.level, self.drop_rate, self.mode

        def tell() -> tuple[str, Figures]:
            why = f"Dial level {level:.2f} calls per agent ({mode})"
            why += f", dropped today {100 * rate:.1f} %: over the limit." if over else "."
            return why, {"level": level, "dropped_today": rate}

        return Wish(calls, Limit.CAP if over else Limit.FREE_AGENTS, tell)

    # ------------------------------------------------------------------- state

    def snapshot(self) -> State:
        return super().snapshot() | {
            "midnight": self.midnight,
            "level": self.level,
            "left_to_dial": self.left_to_dial,
            "day": self.day,
            "at": [self.sampled_at, self.levelled_at, self.dropped_at, self.dialled_at],
            "samples": [list(sample) for sample in self.samples],
            "placed_at": list(self.placed_at),
            "drops_at": list(self.drops_at),
            "today": [self.calls, self.answers, self.drops],
            "judged": [self.drop_rate, self.judged_calls],
        }

    def restore(self, state: State) -> None:
        super().restore(state)
        self.midnight, self.level = float(state["midnight"]), float(state["level"])
        self.left_to_dial, self.day = int(state["left_to_dial"]), int(state["day"])
        self.sampled_at, self.levelled_at, self.dropped_at, self.dialled_at = map(float, state["at"])
        self.samples = deque(((int(r), int(w), int(n)) for r, w, n in state["samples"]), maxlen=SAMPLES)
        self.placed_at = deque(map(float, state["placed_at"]))
        self.drops_at = deque(map(float, state["drops_at"]))
        self.calls, self.answers, self.drops = map(int, state["today"])
        self.drop_rate, self.judged_calls = float(state["judged"][0]), int(state["judged"][1])


@register("vicidial_hard_limit")
class VicidialHardLimit(Vicidial):
    mode = "hard limit"


@register("vicidial_average")
class VicidialAverage(Vicidial):
    mode = "average"


@register("vicidial_tapered")
class VicidialTapered(Vicidial):
    mode = "tapered"
