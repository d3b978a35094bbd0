"""The detector as its caller meets it: frames in, findings out."""

from collections.abc import Sequence

import numpy as np
import pytest
from sound import Sound, join, silence, speech, tone

from dialer.screening.detector import Detector
from dialer.screening.findings import (
    BeepEnded,
    BeepHeard,
    Cause,
    Corrected,
    Finding,
    Label,
    Prior,
    PromptHeard,
    Settings,
    Verdict,
)
from dialer.screening.fingerprints import FingerprintBook, greeting_of
from dialer.screening.trees import Model

SIT = (tone(0.276, 950), tone(0.276, 1400), tone(0.38, 1777))


def detector(capacity: int = 8, book: FingerprintBook | None = None) -> Detector:
    return Detector(Model.shipped(), FingerprintBook() if book is None else book, capacity=capacity)


def play(d: Detector, *calls: tuple[str, Sound]) -> dict[str, list[Finding]]:
    """Feed the calls side by side, from their first frame to the longest one's last."""
    found: dict[str, list[Finding]] = {call_id: [] for call_id, _ in calls}
    for call_id, _ in calls:
        d.open(call_id)
    for at in range(0, max(len(sound) for _, sound in calls) - 159, 160):
        frames = {call_id: sound[at : at + 160] for call_id, sound in calls if len(sound) >= at + 160}
        for finding in d.feed(frames):
            found[finding.call_id].append(finding)
    return found


def verdict(findings: Sequence[Finding]) -> Verdict:
    (only,) = [f for f in findings if isinstance(f, Verdict)]
    return only


def test_a_short_hello_is_a_person_soon_after_it_ends() -> None:
    found = verdict(play(detector(), ("c", join(silence(0.5), speech(0.7), silence(2))))["c"])
    assert found.label is Label.HUMAN
    assert found.greeting_end_ms is not None
    assert abs(found.greeting_end_ms - 1200) <= 120
    assert found.at_ms <= 1200 + 900


def test_a_machine_is_unmasked_by_its_beep() -> None:
    sound = join(silence(0.4), speech(5), silence(0.3), tone(0.4, 1000), silence(2))
    findings = play(detector(), ("c", sound))["c"]
    beep = next(f for f in findings if isinstance(f, BeepHeard))
    assert abs(beep.start_ms - 5700) <= 40
    assert beep.at_ms - 5700 <= 120
    assert beep.hz == pytest.approx(1000, abs=6)
    assert abs(next(f for f in findings if isinstance(f, BeepEnded)).end_ms - 6100) <= 60
    assert verdict(findings).label is Label.MACHINE or any(isinstance(f, Corrected) for f in findings)


def test_beeps_of_all_lengths_and_pitches_are_heard() -> None:
    calls = [
        (f"{hz} Hz {seconds} s", join(silence(0.4), speech(2), silence(0.4), tone(seconds, hz), silence(0.5)))
        for hz in (440, 1004, 2000)
        for seconds in (0.08, 0.12, 1.5)
    ]
    for name, findings in play(detector(16), *calls).items():
        beeps = [f.at_ms for f in findings if isinstance(f, BeepHeard)]
        assert len(beeps) == 1, name
        assert 2800 <= beeps[0] <= 2940, name


def test_special_information_tones_are_known_before_the_third() -> None:
    found = verdict(play(detector(), ("c", join(silence(0.3), *SIT, speech(3))))["c"])
    assert (found.label, found.cause) == (Label.SIT, Cause.SIT)
    assert found.at_ms <= 300 + 600


def test_special_information_tones_are_known_without_the_first() -> None:
    """It was lost, or sounded before we listened; one tone alone, and two in another order, are none."""
    first, second, third = SIT
    assert verdict(play(detector(), ("c", join(second, third, speech(3))))["c"]).label is Label.SIT
    for name, sounds in {"one": (second,), "falling": (third, second), "apart": (first, third)}.items():
        calls = play(detector(), (name, join(silence(0.3), *sounds, silence(1), speech(3), silence(2))))
        assert verdict(calls[name]).label is not Label.SIT, name


def test_before_the_answer_special_information_tones_alone_decide() -> None:
    """Neither an announcement, nor ringback, a fax tone, a beep or a known recording says who will answer."""
    announcement = join(silence(0.4), speech(4), silence(0.3), tone(0.4, 1000), silence(7))
    book = FingerprintBook()
    d = detector()
    for source in ("a", "b"):
        play(d, (source, announcement))
        book.enrol(d.close(source).prints, source, "MX")
    d = detector(book=book)
    early = Settings(early=True)
    sounds = {
        "announcement": announcement,
        "fax": join(silence(0.5), tone(3, 2100), silence(2)),
        "ringback": join(*[tone(1, 425), silence(3)] * 2),
        "intercept": join(*[tone(1, 425), silence(3)] * 2, speech(2), silence(0.3), *SIT, speech(2)),
    }
    for name in sounds:
        d.open(name, settings=early)
    found: dict[str, list[Finding]] = {name: [] for name in sounds}
    for at in range(0, max(map(len, sounds.values())) - 159, 160):
        for finding in d.feed({n: s[at : at + 160] for n, s in sounds.items() if len(s) >= at + 160}):
            found[finding.call_id].append(finding)
    assert {name: bool(findings) for name, findings in found.items()} == {
        "announcement": False,
        "fax": False,
        "ringback": False,
        "intercept": True,
    }
    assert verdict(found["intercept"]).label is Label.SIT


def hiss(seconds: float, level_db: float) -> Sound:
    """A line's even noise, most of it below 700 Hz."""
    n = int(seconds * 8000)
    white = np.random.default_rng(5).normal(0, 1, n + 5)
    even = np.convolve(white, np.ones(6) / 6, "valid")
    return np.asarray(even / even.std() * 32767 * 10 ** (level_db / 20), np.int16)


@pytest.mark.parametrize("level_db", [-48, -44, -40])
def test_a_noise_that_is_there_from_the_answer_on_is_no_first_word(level_db: float) -> None:
    """Nobody answers by it, and what comes after it is heard as if it were not there."""
    sounds = {
        Label.SILENCE: silence(7),
        Label.SIT: join(silence(0.7), *SIT, silence(1)),
        Label.FAX: join(silence(1.2), tone(3, 2100), silence(1)),
        Label.TONE: join(silence(0.8), *[tone(0.25, 425), silence(0.25)] * 5),
    }
    calls = [(label.value, sound + hiss(len(sound) / 8000, level_db)) for label, sound in sounds.items()]
    found = play(detector(), *calls)
    assert {name: verdict(findings).label.value for name, findings in found.items()} == {
        label.value: label.value for label in sounds
    }
    assert not [f for findings in found.values() for f in findings if isinstance(f, BeepHeard)]
    greeting = join(silence(0.6), speech(0.7), silence(2))
    heard = verdict(play(detector(), ("c", greeting + hiss(len(greeting) / 8000, level_db)))["c"])
    assert heard.label is Label.HUMAN
    assert heard.greeting_end_ms == pytest.approx(1300, abs=160)


def test_a_beep_may_have_harmonics_or_be_clipped() -> None:
    second = tone(0.4, 900) + tone(0.4, 1800, level=0.05)
    third = np.clip(tone(0.4, 900, level=0.5), -9000, 9000).astype(np.int16)
    calls = [
        (name, join(silence(0.4), speech(2), silence(0.4), beep, silence(0.5)))
        for name, beep in (("second", second), ("third", third))
    ]
    for name, findings in play(detector(), *calls).items():
        (beep,) = [f for f in findings if isinstance(f, BeepHeard)]
        assert beep.hz == pytest.approx(900, abs=8), name
        assert 2800 <= beep.at_ms <= 2940, name


def test_hum_between_words_is_no_cadence() -> None:
    """The seventh harmonic of 60 Hz is the tone of most networks; speech covers it, it does not break off."""
    words = [join(speech(0.3, seed=n), silence(0.25)) for n in range(8)]
    sound = join(silence(0.4), *words, silence(2))
    sound = sound + tone(len(sound) / 8000, 420, level=0.006)[: len(sound)]
    assert verdict(play(detector(), ("c", sound))["c"]).label not in (Label.TONE, Label.FAX)


def test_special_information_tones_are_known_under_a_ringback() -> None:
    tones = np.concatenate(SIT)
    sound = join(silence(0.3), tones + tone(len(tones) / 8000, 425, level=0.15), silence(1))
    assert verdict(play(detector(), ("c", sound))["c"]).label is Label.SIT


NETWORK = {
    "ced": (join(silence(0.2), tone(3, 2100), silence(1)), Label.FAX),
    "cng": (join(*[tone(0.5, 1100), silence(3)] * 2), Label.FAX),
    "busy-mx": (join(*[tone(0.25, 425), silence(0.25)] * 5), Label.TONE),
    "busy-us": (join(*[tone(0.5, 480, 620), silence(0.5)] * 4), Label.TONE),
    "dial-mx": (join(tone(3, 425)), Label.TONE),
    "dial-us": (join(tone(3, 350, 440)), Label.TONE),
    "ringback-mx": (join(*[tone(1, 425), silence(4)] * 2), Label.TONE),
    "busy-br, short and long": (
        join(*[tone(0.25, 425), silence(0.25), tone(0.75, 425), silence(0.25)] * 4),
        Label.TONE,
    ),
    "congestion-co": (join(*[tone(0.1, 425), silence(0.15)] * 12), Label.TONE),
    "cng, at its lowest": (join(*[tone(0.5, 1063), silence(3)] * 2), Label.FAX),
    "ringback-us": (join(tone(2, 440, 480), silence(4)), Label.TONE),
    "dead-air": (join(silence(6)), Label.SILENCE),
}


def test_what_the_network_and_fax_machines_send() -> None:
    found = play(detector(16), *((name, sound) for name, (sound, _) in NETWORK.items()))
    assert {name: verdict(f).label for name, f in found.items()} == {
        n: label for n, (_, label) in NETWORK.items()
    }


def test_a_ringback_that_leaks_into_the_answer_is_not_a_greeting() -> None:
    found = verdict(play(detector(), ("c", join(tone(0.5, 425), silence(0.6), speech(0.7), silence(2))))["c"])
    assert found.label is Label.HUMAN
    assert found.features["onset"] == pytest.approx(1.1, abs=0.1)


def test_the_beat_of_two_tones_that_leaks_into_the_answer_is_not_a_greeting() -> None:
    """Too short for the tracker of tones: it was taken for a word, and the pause after it for a person's."""
    leak = tone(0.1, 440, 480, level=0.1)
    found = verdict(play(detector(), ("c", join(leak, silence(0.9), speech(6), silence(2))))["c"])
    assert found.features["onset"] == pytest.approx(1.0, abs=0.1)
    assert found.at_ms > 1900


def test_a_note_behind_a_person_is_no_beep() -> None:
    """Music goes on behind him, and one of its notes stands still; as loud as he is it would be a beep."""
    greeting = join(silence(0.4), speech(2, level=0.3), silence(2))
    at = np.arange(8000) / 8000
    sway = np.sin(2 * np.pi * (560 * at + 8 * np.sin(2 * np.pi * 5 * at)))

    def behind(level: float) -> Sound:
        music = np.zeros(len(greeting), np.int16)
        music[20000:28000] = (sway * level * 32767).astype(np.int16)
        music[28000:31200] = tone(0.4, 785, level=level)
        return greeting + music

    found = play(detector(), ("note", behind(0.02)), ("beep", behind(0.3)))
    heard = {name: any(isinstance(f, BeepHeard) for f in findings) for name, findings in found.items()}
    assert heard == {"note": False, "beep": True}


def test_what_takes_an_agent_from_a_person_is_a_whole_beep() -> None:
    hello = join(silence(0.4), speech(0.7), silence(2))
    calls = [(f"{s} s", join(hello, tone(s, 705), silence(1))) for s in (0.08, 0.2)]
    found = play(detector(), *calls)
    assert all(verdict(findings).label is Label.HUMAN for findings in found.values())
    corrected = {
        name: [f.cause for f in findings if isinstance(f, Corrected)] for name, findings in found.items()
    }
    assert corrected == {"0.08 s": [], "0.2 s": [Cause.BEEP]}


def test_lost_frames_neither_end_a_beep_nor_start_a_word() -> None:
    sound = join(silence(0.4), speech(2), silence(0.4), tone(0.5, 1000), silence(1))
    d = detector()
    d.open("c")
    beeps = [
        f
        for n, at in enumerate(range(0, len(sound) - 159, 160))
        for f in d.feed({} if n % 9 == 0 else {"c": sound[at : at + 160]})
        if isinstance(f, BeepHeard)
    ]
    assert len(beeps) == 1


def test_calls_do_not_hear_each_other() -> None:
    """Opened, fed and closed in any order, a call gets the findings that it gets alone."""
    sounds = [
        join(
            silence(0.2 * n),
            speech(0.5 + 0.4 * n, seed=n),
            silence(0.4),
            tone(0.3, 700 + 50 * n),
            silence(2),
            seed=n,
        )
        for n in range(6)
    ]
    alone = [play(detector(), (f"c{n}", s))[f"c{n}"] for n, s in enumerate(sounds)]
    d = detector()
    together: dict[str, list[Finding]] = {f"c{n}": [] for n in range(6)}
    starts = {f"c{n}": 17 * (5 - n) for n in range(6)}
    for tick in range(600):
        frames = {}
        for n, sound in enumerate(sounds):
            call_id, at = f"c{n}", (tick - starts[f"c{n}"]) * 160
            if at == 0:
                d.open(call_id)
            if 0 <= at <= len(sound) - 160:
                frames[call_id] = sound[at : at + 160]
            elif call_id in d:
                d.close(call_id)
        for finding in d.feed(frames):
            together[finding.call_id].append(finding)
    for n, findings in enumerate(alone):
        # The model is asked every second frame of a call, on even or odd ones: verdicts may differ by one frame.
        assert [type(f) for f in together[f"c{n}"] if isinstance(f, BeepHeard | BeepEnded)] == [
            type(f) for f in findings if isinstance(f, BeepHeard | BeepEnded)
        ]
        ours, theirs = verdict(findings), verdict(together[f"c{n}"])
        assert (ours.label, ours.cause) == (theirs.label, theirs.cause)
        assert abs(ours.at_ms - theirs.at_ms) <= 20


def test_a_known_recording_is_recognised_on_another_number() -> None:
    prompt = speech(6, seed=9)
    book = FingerprintBook()
    for source in ("a", "b"):
        d = detector()
        play(d, (source, join(silence(0.4), prompt, silence(1), seed=len(source))))
        assert book.enrol(d.close(source).prints, source, "MX") is not None
    (known,) = book.prompts
    assert known.promoted
    findings = play(detector(book=book), ("c", join(silence(0.9), prompt, noise=40)))["c"]
    heard = next(f for f in findings if isinstance(f, PromptHeard))
    assert heard.prompt_id == known.prompt_id
    assert heard.at_ms <= 900 + 1500
    other = play(detector(book=book), ("c", join(silence(0.9), speech(6, seed=10), noise=40)))["c"]
    assert not [f for f in other if isinstance(f, PromptHeard)]


def test_a_machine_that_was_heard_once_is_known_on_the_next_number_at_once() -> None:
    """By a longer agreement than a believed recording, and without anybody's word; others are not taken for it."""
    prompt = speech(6, seed=9)
    book = FingerprintBook()
    d = detector()
    play(d, ("first", join(silence(0.4), prompt, silence(1))))
    assert book.enrol(d.close("first").prints, "first", "MX", sure=False) is None
    calls = [
        ("second", join(silence(0.9), prompt, seed=3)),
        ("short", join(silence(0.9), prompt[:9600], silence(3), seed=3)),
        ("other", join(silence(0.9), speech(6, seed=10), seed=3)),
    ]
    found = play(detector(book=book), *calls)
    heard = {
        name: [f.at_ms for f in findings if isinstance(f, PromptHeard)] for name, findings in found.items()
    }
    assert (heard["short"], heard["other"]) == ([], [])
    assert 900 + 1600 <= heard["second"][0] <= 900 + 2500
    said = verdict(found["second"])
    assert (said.label, said.cause) == (Label.MACHINE, Cause.FINGERPRINT)


@pytest.mark.parametrize("numbers", [1, 2])
def test_a_recording_behind_a_person_makes_no_machine_of_him(numbers: int) -> None:
    """The radio plays what some number answers with, and may be believed: 11 dB above it he speaks, or it is met in the
    middle."""
    radio = speech(8, seed=9, level=0.08)
    book = FingerprintBook()
    for number in range(numbers):
        d = detector()
        play(d, ("machine", join(silence(0.4), radio, seed=5 + number)))
        book.enrol(d.close("machine").prints, f"machine {number}", "MX", sure=False)
    hello = join(silence(0.3), speech(0.7, seed=4, level=0.3), silence(7), noise=0)
    sound = hello + np.concatenate([radio, silence(1)])[: len(hello)]
    middle = join(silence(0.9), radio[24000:])
    calls = [("alone", join(silence(0.9), radio)), ("behind", sound), ("middle", middle)]
    found = play(detector(book=book), *calls)
    assert [f for f in found["alone"] if isinstance(f, PromptHeard)]
    assert not [f for f in found["behind"] + found["middle"] if isinstance(f, PromptHeard)]
    assert verdict(found["behind"]).label is Label.HUMAN


def test_an_announcement_in_a_loop_is_no_person() -> None:
    """Said again to the millisecond; a person who asks again says it a little faster."""
    announcement = speech(2.5, seed=9)
    faster = np.interp(np.arange(0, len(announcement) - 1, 1.05), np.arange(len(announcement)), announcement)
    calls = [
        ("loop", join(silence(0.4), announcement, silence(1.31), announcement, silence(1))),
        ("person", join(silence(0.4), announcement, silence(1.31), faster.astype(np.int16), silence(1))),
        ("brief", join(silence(0.4), *[announcement[:8000], silence(1.31)] * 3)),
    ]
    found = {
        name: [f for f in findings if isinstance(f, Verdict | Corrected) and f.cause is Cause.FINGERPRINT]
        for name, findings in play(detector(), *calls).items()
    }
    assert (found["person"], found["brief"]) == ([], [])
    (unmasked,) = found["loop"]
    assert unmasked.label is Label.MACHINE
    assert 4210 + 1900 <= unmasked.at_ms <= 4210 + 2200


def test_a_number_that_answers_with_its_own_greeting_again_is_known_by_less() -> None:
    greeting, line = speech(1.2, seed=9), silence(3)
    d = detector()
    play(d, ("before", join(silence(0.4), greeting, line)))
    kept = greeting_of(d.close("before").prints, "number", "MX")
    assert kept is not None
    d = detector()
    for name in ("own", "other"):
        d.open(name)
    d.expect("own", kept)
    sound = join(silence(0.9), greeting, line, seed=3)
    found = [
        finding
        for at in range(0, len(sound) - 159, 160)
        for finding in d.feed(dict.fromkeys(("own", "other"), sound[at : at + 160]))
    ]
    said = verdict([f for f in found if f.call_id == "own"])
    assert (said.label, said.cause, said.prompt_id) == (Label.MACHINE, Cause.FINGERPRINT, kept.prompt_id)
    assert said.at_ms <= 900 + 1200 + 100
    assert verdict([f for f in found if f.call_id == "other"]).label is Label.HUMAN
    assert d.close("own").recognised
    assert not d.close("other").recognised
    with pytest.raises(KeyError):
        d.expect("own", kept)


def test_priors_alone_never_say_machine() -> None:
    sound = join(silence(0.5), speech(0.7), silence(2))
    d = detector()
    d.open("c", prior=Prior(ring_s=0.2, machines_before=50), settings=Settings(cost_ratio=1))
    findings = [f for at in range(0, len(sound) - 159, 160) for f in d.feed({"c": sound[at : at + 160]})]
    assert verdict(findings).label is Label.HUMAN


def test_bad_input_is_refused_whole() -> None:
    d = detector(capacity=1)
    d.open("c")
    with pytest.raises(ValueError, match="open already"):
        d.open("c")
    with pytest.raises(OverflowError):
        d.open("d")
    with pytest.raises(ValueError, match="expected"):
        d.feed({"c": np.zeros(80, np.int16)})
    assert d.feed({"nobody": np.zeros(160, np.int16)}) == []
    assert d.close("c").heard_ms == 20
    with pytest.raises(KeyError):
        d.close("c")
    with pytest.raises(ValueError, match="cost_ratio"):
        Settings(cost_ratio=0)


def test_noise_of_any_kind_raises_nothing() -> None:
    rng = np.random.default_rng(3)
    d = detector()
    sounds = {
        "white": rng.integers(-32768, 32767, 160 * 400).astype(np.int16),
        "square": np.repeat(rng.choice([-32768, 32767], 1600), 40).astype(np.int16),
        "constant": np.full(160 * 400, 32767, np.int16),
        "zeros": silence(8),
    }
    with np.errstate(all="raise"):
        found = play(d, *sounds.items())
    assert all(len([f for f in findings if isinstance(f, Verdict)]) <= 1 for findings in found.values())
