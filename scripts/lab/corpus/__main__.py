"""`scripts/corpus`: labelled test calls as WAV files with a table of the truth, the same on every run."""

import argparse
import csv
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import soundfile

from dialer.screening.recordings import Recording
from lab.cache import say
from lab.corpus.calls import CONSUMER, HARD, Call, Class, Corpus, Truth
from lab.corpus.pools import pools
from lab.corpus.voices import RATE, Split
from lab.errors import LabError

MIXES: dict[str, dict[Class, float]] = {"hard": HARD, "consumer": CONSUMER}


def corpus(split: Split, mix: str) -> Corpus:
    """The calls of a split in a mix (`hard` or `consumer`)."""
    return Corpus(pools(split), MIXES[mix])


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


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/corpus", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the WAV files and labels.csv go")
    parser.add_argument("--split", choices=list(Split), default=Split.TEST, type=Split, help="default: test")
    parser.add_argument(
        "--mix", choices=sorted(MIXES), default="hard", help="share of each class; default: hard"
    )
    parser.add_argument("--calls", type=int, default=1000, help="how many; default: 1000")
    parser.add_argument("--first", type=int, default=0, help="number of the first call; default: 0")
    parser.add_argument("--classes", action="store_true", help="print the classes and their shares, and stop")
    wanted = parser.parse_args()
    if wanted.classes:
        for kind in Class:
            print(f"{kind.value:28s} {HARD[kind]:5g} {CONSUMER[kind]:5g}")
        return 0
    if wanted.calls < 1 or wanted.first < 0:
        parser.error("--calls must be at least 1 and --first at least 0")
    try:
        made = corpus(wanted.split, wanted.mix)
        write(made.calls(wanted.calls, wanted.first), wanted.calls, wanted.folder)
    except LabError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
