"""The detector on files: classify recordings, measure it on labelled ones, train its model.

Exit status: 0 all done, 1 a file could not be heard (the others were), 2 the command itself was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dialer.screening.evaluation import RIVALS, Figures, Judged, figures, judged, judged_by_amd, plain
from dialer.screening.findings import Label, Settings
from dialer.screening.fingerprints import FingerprintBook
from dialer.screening.playback import Listened, listen
from dialer.screening.recordings import Recording, RecordingError, read_labelled, read_recording
from dialer.screening.training import TrainingError, train
from dialer.screening.trees import Model, ModelError

#: Files heard side by side. Few, so that the first answers come soon.
FILES_AT_ONCE = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    wanted = _parser().parse_args(arguments)
    try:
        status: int = wanted.run(wanted)
    except (RecordingError, ModelError, TrainingError, OSError) as error:
        _say(str(error))
        return 1
    except BrokenPipeError:
        # The reader of our lines has seen enough.
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dialer.screening", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    classify = commands.add_parser(
        "classify", help="say of each recording who answered", description=_classify.__doc__
    )
    classify.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="8 kHz mono WAV; its start is the answer"
    )
    classify.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    classify.set_defaults(run=_classify)

    evaluate = commands.add_parser(
        "evaluate", help="measure on labelled calls", description=_evaluate.__doc__
    )
    _add_calls(evaluate)
    evaluate.add_argument("--json", action="store_true", help="the figures as one JSON object")
    evaluate.set_defaults(run=_evaluate)

    learn = commands.add_parser("train", help="make a model from labelled calls", description=_train.__doc__)
    _add_calls(learn)
    learn.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the model goes")
    learn.add_argument("--about", default="", help="kept in the model: where its calls come from")
    learn.set_defaults(run=_train)

    # For the help alone: `dialer.screening.__main__` starts it without this module.
    commands.add_parser("serve", help="hear live calls; the dialer starts this by itself")

    for command in (classify, evaluate):
        command.add_argument("--model", type=Path, metavar="FILE", help="another model than the shipped one")
        command.add_argument(
            "--prompts", type=Path, metavar="FILE", help="known recordings, exported from a book"
        )
        command.add_argument(
            "--cost-ratio",
            type=_cost_ratio,
            default=Settings().cost_ratio,
            metavar="N",
            help="machines an agent may hear to save one person; default: %(default)g",
        )
    return parser


def _add_calls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--audio", type=Path, required=True, metavar="DIR", help="folder of the WAV files")
    parser.add_argument(
        "--labels",
        type=Path,
        required=True,
        metavar="CSV",
        help="columns file,label (HUMAN, MACHINE, SIT, FAX, TONE, SILENCE); optional: kind, *_ms as in labels.csv",
    )


def _cost_ratio(text: str) -> float:
    try:
        return Settings(cost_ratio=float(text)).cost_ratio
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _classify(wanted: argparse.Namespace) -> int:
    """Hear each recording from its answer in frames of 20 ms, exactly as a live call, and say who answered and when
    that was decided. `beep_at_ms` is when a voicemail's beep was heard, `posterior` is P(human)."""
    model, book = _model(wanted), _book(wanted)
    broken: list[str] = []

    def recordings() -> Iterator[Recording]:
        for path in wanted.files:
            try:
                yield Recording(str(path), read_recording(path))
            except RecordingError as error:
                broken.append(str(error))
                _say(str(error))

    settings = Settings(cost_ratio=wanted.cost_ratio)
    for call in listen(model, recordings(), book=book, settings=settings, batch=FILES_AT_ONCE):
        answer = _answer(call)
        print(json.dumps(answer) if wanted.json else _line(answer), flush=True)
    if broken:
        _say(f"{len(broken)} of {len(wanted.files)} files could not be heard")
    return 1 if broken else 0


def _answer(call: Listened) -> dict[str, Any]:
    verdict = call.verdict
    # An assistant that screens calls is a machine to whoever only asks for a person.
    label = Label.MACHINE if verdict.label is Label.SCREENING else verdict.label
    return {
        "file": call.recording.name,
        "label": label.value,
        "decided_at_ms": verdict.at_ms,
        "greeting_end_ms": call.greeting_end_ms,
        "beep_at_ms": call.beep_at_ms,
        "posterior": round(verdict.posterior, 4),
        "cause": verdict.cause.value,
    }


def _line(answer: dict[str, Any]) -> str:
    end, beep = (
        f"{answer[name]} ms" if answer[name] is not None else "-"
        for name in ("greeting_end_ms", "beep_at_ms")
    )
    return (
        f"{answer['file']}: {answer['label']} at {answer['decided_at_ms']} ms by {answer['cause']}, "
        f"P(human) {answer['posterior']:.3f}, greeting ends {end}, beep {beep}"
    )


def _evaluate(wanted: argparse.Namespace) -> int:
    """Measure the detector on labelled calls, beside Asterisk's app_amd by its documented algorithm. Intervals are
    exact 95 % ones."""
    model, book = _model(wanted), _book(wanted)
    ours: list[Judged] = []
    theirs: dict[str, list[Judged]] = {name: [] for name in RIVALS}
    settings = Settings(cost_ratio=wanted.cost_ratio)
    for call in listen(model, read_labelled(wanted.audio, wanted.labels), book=book, settings=settings):
        ours.append(judged(call))
        for name, rival in RIVALS.items():
            theirs[name].append(judged_by_amd(call.recording, rival))
        if len(ours) % 512 == 0:
            _say(f"{len(ours)} calls heard")
    found = {"ours": figures(ours)} | {name: figures(calls) for name, calls in theirs.items()}
    if wanted.json:
        print(json.dumps({name: plain(one) for name, one in found.items()}, indent=1))
    else:
        print("\n".join(report(found)))
    return 0


def report(found: dict[str, Figures]) -> Iterator[str]:
    """The figures as lines of text."""
    for name, one in found.items():
        after = one.human_verdict_after_greeting_ms
        late = (
            f", verdict after the greeting p50 {after['p50']:.0f} p95 {after['p95']:.0f} ms"
            if after["n"]
            else ""
        )
        lost, passed = one.human_as_machine, one.machine_passed
        yield f"{name}: people treated as machines {lost} %, machines passed {passed} %{late}"
    ours = found["ours"]
    yield f"  machines passed and not unmasked within 3 s: {ours.machine_passed_after_3_s} %"
    yield f"  people from whom a late correction took the agent: {ours.human_corrected} %"
    for what, hit, false, ms in (
        ("beep", ours.beep_found, ours.beep_false, ours.beep_from_start_ms),
        ("special information tones", ours.sit_found, ours.sit_false, ours.sit_from_start_ms),
        ("fax", ours.fax_found, ours.fax_false, {"n": 0}),
        ("busy, ringback, dial tone", ours.tone_found, ours.tone_false, {"n": 0}),
    ):
        if hit.of:
            when = f", {ms['p50']:.0f} ms after the start (p95 {ms['p95']:.0f})" if ms["n"] else ""
            yield f"  {what}: found {hit} %{when}, false {false} %"
    yield f"  {'class':28s} {'calls':>6s}  treated as a person, %: {', '.join(found)}"
    for kind, row in sorted(
        ours.classes.items(), key=lambda item: (item[1]["truth"] != Label.HUMAN, item[0])
    ):
        cells = "   ".join(str(one.classes[kind]["as_human"]) for one in found.values())
        yield f"  {kind:28s} {row['calls']:6d}  {cells}"


def _train(wanted: argparse.Namespace) -> int:
    """Make a model from labelled calls. It is shipped as `dialer/screening/model/shipped.json`, or used with `--model`;
    measure it on other calls, of other voices, before it decides anything."""
    model = train(read_labelled(wanted.audio, wanted.labels), about=wanted.about, progress=_say)
    wanted.out.write_text(model.dump(), encoding="utf-8")
    _say(f"{wanted.out}: {len(model.leaves)} trees, {wanted.out.stat().st_size / 1000:.0f} kB")
    return 0


def _model(wanted: argparse.Namespace) -> Model:
    if wanted.model is None:
        return Model.shipped()
    try:
        return Model.parse(wanted.model.read_text(encoding="utf-8"))
    except (ModelError, UnicodeDecodeError) as error:
        raise ModelError(f"{wanted.model}: {error}") from error


def _book(wanted: argparse.Namespace) -> FingerprintBook:
    book = FingerprintBook()
    if wanted.prompts is not None:
        try:
            book.load(wanted.prompts.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RecordingError(f"{wanted.prompts}: {error}") from error
    return book


def _say(text: str) -> None:
    print(f"screening: {text}", file=sys.stderr, flush=True)
