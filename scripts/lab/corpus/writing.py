"""Calls as files and as the detector's own tools take them."""

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import soundfile

from dialer.screening.recordings import Recording
from lab.cache import say
from lab.corpus.calls import Call, Truth
from lab.corpus.voices import RATE


def recording(call: Call) -> Recording:
    """A call as the detector's own tools take it."""
    truth = call.truth
    return Recording(
        f"{truth.number:05d}.wav",
        call.samples,
        truth.label,
        truth.kind.value,
        truth.greeting_end_ms,
        truth.beep_ms,
        truth.tone_ms,
    )


def write(calls: Iterator[Call], count: int, folder: Path) -> None:
    """`NNNNN.wav` for each call and `labels.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = [field.name for field in dataclasses.fields(Truth)]
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", *columns])
        for done, call in enumerate(calls, start=1):
            name = recording(call).name
            soundfile.write(folder / name, call.samples, RATE, subtype="PCM_16")
            values = dataclasses.asdict(call.truth)
            table.writerow([name, *("" if values[c] is None else values[c] for c in columns)])
            if done % 250 == 0 or done == count:
                say(f"{done} of {count} calls written to {folder}")
