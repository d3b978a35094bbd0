"""How often a person is taken for a machine, from the machine verdicts that were tried on agents all the same."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv

from dialer.domain.screening import person_share

#: Of the intervals.
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its bounds; all None where nothing was counted."""

    share: float | None
    low: float | None
    high: float | None


def share_of(hits: int, trials: int) -> Interval:
    """`hits` of `trials`, with the exact interval (Clopper and Pearson, Biometrika 26, 1934)."""
    if trials <= 0:
        return Interval(None, None, None)
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 1 - tail))
    return Interval(hits / trials, low, high)


def human_as_machine(persons: int, controls: int, ended: int, people: int) -> Interval:
    """The share of answering people who were taken for a machine and hung up on.

    `persons` of `controls` tried machine verdicts were people, so that share of the `ended` untried ones was, too; they
    stand against the `people` connected and the `persons` saved by the trial.
    """
    wrong = share_of(persons, controls)

    def lost(share: float | None) -> float | None:
        if share is None:
            return None
        gone = share * ended
        everybody = gone + people + persons
        return gone / everybody if everybody else 0.0

    return Interval(lost(wrong.share), lost(wrong.low), lost(wrong.high))


def abandon_rate(abandoned: int, live: int, persons: int, controls: int, ended: int) -> float | None:
    """Abandons / live answers with the people hung up on as machines among both, as the gauge estimates them: nobody
    spoke to them either."""
    lost = ended * person_share(persons, controls)
    return (abandoned + lost) / (live + lost) if live + lost else None
