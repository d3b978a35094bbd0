"""From a posterior to a verdict: sequential and asymmetric, steered by one cost ratio.

Wald's sequential test with unequal costs: a person taken for a machine costs `cost_ratio` machines passed to an agent,
so MACHINE needs P(human) < 1 / (1 + MISTRUST * cost_ratio). Waiting is free while somebody speaks and dear once he has
stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dialer.screening.columns import Bools, Floats
from dialer.screening.findings import Prior

#: P(human) that connects as soon as the greeting is over, in the middle of the waiting time, and at its end; the middle
#: begins and ends where so much of the waiting time is left. Half of all people are sure at once; where the model
#: still doubts, a machine has probably paused within a sentence, and goes on before the middle is over.
HUMAN_BARS = (0.84, 0.96, 0.75)
MIDDLE = (0.77, 0.257)
#: While somebody speaks waiting costs nothing, so MACHINE waits for his end, unless he has gone on for so long that no
#: greeting does, or the posterior is this many times below the bar.
LONG_SPEECH_S, EARLY_FACTOR = 9.0, 0.02
#: A pause within a sentence is shorter than this.
LEAST_GAP_S = 0.3
#: With speech still going on after so long there is nothing more to learn.
LONGEST_S = 15.0
#: On voices it never met the model is surer than it may be: of long greetings of held-back people more than one in two
#: hundred had a posterior of a fifth of what the cost ratio asks for.
MISTRUST = 12.5
#: What signalling may add to the log-odds, and the posterior of the audio alone above which MACHINE is never said.
PRIOR_CAP = 1.5
AUDIO_MUST_SAY = 0.3


@dataclass(frozen=True, slots=True)
class Decision:
    """Per call: connect, treat as a machine, and whether it was the deadline that decided."""

    human: Bools
    machine: Bools
    deadline: Bools


def decide(
    audio_odds: Floats,
    prior_odds: Floats,
    gap_s: Floats,
    since_s: Floats,
    cost_ratio: Floats,
    deadline_s: Floats,
) -> Decision:
    """Arrays of one length, one entry a call: log-odds of HUMAN by the audio and by signalling, seconds since the
    foreground speaker stopped (0 while he speaks) and since he began."""
    audio = 1 / (1 + np.exp(-audio_odds))
    human_p = 1 / (1 + np.exp(-(audio_odds + prior_odds)))
    machine_bar = machine_bar_of(cost_ratio)
    due = (gap_s >= deadline_s) | (since_s >= LONGEST_S)
    patient = ~due & (since_s < LONG_SPEECH_S)
    bar = np.where(patient, machine_bar * EARLY_FACTOR, machine_bar)
    machine = (human_p <= bar) & (audio <= AUDIO_MUST_SAY)
    left = np.clip((deadline_s - gap_s) / (deadline_s - LEAST_GAP_S), 0, 1)
    human_bar = np.select([left > MIDDLE[0], left > MIDDLE[1]], HUMAN_BARS[:2], HUMAN_BARS[2])
    human = ~machine & (due | ((human_p >= human_bar) & (gap_s >= LEAST_GAP_S)))
    return Decision(human, machine, due)


def machine_bar_of(cost_ratio: Floats) -> Floats:
    """P(human) at and below which a call whose waiting time is over is a machine."""
    return np.asarray(1 / (1 + MISTRUST * cost_ratio), np.float32)


def prior_log_odds(prior: Prior) -> float:
    """What signalling says, in log-odds of HUMAN, within +-PRIOR_CAP."""
    odds = 0.7 * math.log((prior.humans_before + 1) / (prior.machines_before + 1))
    if prior.ring_s is not None and prior.ring_s < 1.5:
        # Switched off or diverted at once: the network answers before a hand can.
        odds -= 0.5
    return max(-PRIOR_CAP, min(PRIOR_CAP, odds))
