"""`scripts/corpus`: labelled test calls as WAV files with a table of the truth, the same on every run."""

import argparse
import sys
from pathlib import Path

from lab.cache import say
from lab.corpus.calls import CONSUMER, HARD, Class, Corpus
from lab.corpus.pools import pools
from lab.corpus.voices import Split
from lab.corpus.writing import write
from lab.errors import LabError

MIXES: dict[str, dict[Class, float]] = {"hard": HARD, "consumer": CONSUMER}


def corpus(split: Split, mix: str) -> Corpus:
    """The calls of a split in a mix (`hard` or `consumer`)."""
    return Corpus(pools(split), MIXES[mix])


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/corpus", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where the WAV files and labels.csv go")
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
    if wanted.folder is None:
        parser.error("name the folder that the calls are written to")
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
