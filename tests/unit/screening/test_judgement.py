"""The parts of a verdict that need no sound: the decision, the model's text, the book of recordings, the figures."""

import json

import numpy as np
import pytest
from sound import join, silence, tone

from dialer.screening.appamd import TUNED, AmdStatus, run_amd
from dialer.screening.boosting import Plan, boost
from dialer.screening.decision import MISTRUST, decide, machine_bar_of, prior_log_odds
from dialer.screening.evaluation import Share
from dialer.screening.findings import Label, Prior
from dialer.screening.fingerprints import NEWEST, FingerprintBook, recording_of
from dialer.screening.prompt_index import QUIET
from dialer.screening.trees import Model, ModelError


def one_call(odds: float, gap_s: float, since_s: float, ratio: float = 20.0, prior: float = 0.0) -> str:
    made = decide(*(np.array([v], np.float32) for v in (odds, prior, gap_s, since_s, ratio, 1.0)))
    assert not (made.human[0] and made.machine[0])
    return "human" if made.human[0] else "machine" if made.machine[0] else "wait"


@pytest.mark.parametrize(
    ("odds", "gap_s", "since_s", "verdict"),
    [
        (5, 0, 1, "wait"),  # surely a person, but still speaking
        (5, 0.4, 1, "human"),
        (0, 0.4, 1, "wait"),
        (0, 1.0, 2, "human"),  # unknown = human
        (-6, 0, 3, "wait"),  # a machine, but waiting is free
        (-6, 0.5, 3, "wait"),
        (-6, 1.0, 3, "machine"),
        (-6, 0, 9.5, "machine"),  # no greeting is so long
        (-10, 0, 3, "machine"),  # beyond any doubt
    ],
)
def test_waiting_is_free_while_somebody_speaks(
    odds: float, gap_s: float, since_s: float, verdict: str
) -> None:
    assert one_call(odds, gap_s, since_s) == verdict


def test_the_cost_ratio_moves_the_bar_of_machine() -> None:
    assert one_call(-4, 1.0, 2, ratio=2) == "machine"
    assert one_call(-4, 1.0, 2, ratio=20) == "human"
    assert float(machine_bar_of(np.float32([20]))[0]) == pytest.approx(1 / (1 + 20 * MISTRUST))


def test_signalling_moves_the_odds_within_its_cap() -> None:
    assert prior_log_odds(Prior()) == 0
    assert prior_log_odds(Prior(machines_before=1000, ring_s=0.1)) == -1.5
    assert prior_log_odds(Prior(humans_before=1000)) == 1.5
    # The audio says person rather than machine: no prior turns that round.
    assert one_call(-0.5, 1.0, 2, ratio=1, prior=-1.5) == "human"


def test_boosting_finds_a_rule_of_two_features_and_its_text_is_the_model() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (3000, 4)).astype(np.float32)
    y = ((x[:, 0] > 0.3) & (x[:, 2] < 0.5)).astype(float)
    model = boost(x, y, np.ones(3000), tuple("abcd"), plan=Plan(trees=60, depth=3, rate=0.3))
    fresh = rng.normal(0, 1, (1000, 4)).astype(np.float32)
    truth = (fresh[:, 0] > 0.3) & (fresh[:, 2] < 0.5)
    assert ((model.log_odds(fresh) > 0) == truth).mean() > 0.97
    again = Model.parse(model.dump())
    # The text rounds thresholds to five digits: what lies on one may fall to its other side.
    assert np.isclose(again.log_odds(fresh), model.log_odds(fresh), atol=0.02).mean() > 0.97


def test_the_shipped_model_is_small_and_whole() -> None:
    model = Model.shipped()
    assert len(model.dump()) < 300_000
    assert model.about


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(format="other"),
        lambda d: d.pop("trees"),
        lambda d: d.update(trees=[]),
        lambda d: d["trees"][0]["leaves"].pop(),
        lambda d: d["trees"][0]["features"].__setitem__(0, 999),
        lambda d: d["trees"][0]["leaves"].__setitem__(0, float("nan")),
    ],
)
def test_a_spoilt_model_is_refused(spoil: object) -> None:
    data = json.loads(Model.shipped().dump())
    spoil(data)  # type: ignore[operator]
    with pytest.raises(ModelError):
        Model.parse(json.dumps(data))


def prints(seed: int, frames: int = 300) -> list[int]:
    # A print changes slowly, as smoothed spectra do.
    rng = np.random.default_rng(seed)
    return [QUIET] * 20 + np.repeat(rng.integers(0, 65536, frames // 3), 3).tolist()


def test_a_recording_is_believed_after_two_numbers() -> None:
    book = FingerprintBook()
    first = book.enrol(prints(1), "number-a", "MX")
    assert first is not None
    assert not first.promoted
    assert book.index.ids == ()
    assert book.enrol(prints(1)[5:], "number-a", "MX") == first
    second = book.enrol([QUIET] * 40 + prints(1)[20:], "number-b", "MX")
    assert second is not None
    assert second.promoted
    assert second.prompt_id == first.prompt_id
    assert book.index.ids == (first.prompt_id,)
    assert book.enrol([QUIET] * 200, "number-c", "MX") is None
    book.forget(first.prompt_id)
    assert len(book) == 0


def test_the_detectors_own_word_is_believed_when_a_second_number_plays_the_same() -> None:
    book = FingerprintBook()
    recording = prints(1)
    assert book.enrol(recording, "first", "MX", sure=False) is None
    assert book.enrol(recording, "first", "MX", sure=False) is None, "the same number again says nothing new"
    assert len(book) == 0
    prompt = book.enrol(recording, "second", "MX", sure=False)
    assert prompt is not None
    assert prompt.promoted
    assert prompt.sources == {"first", "second"}
    assert book.enrol(recording, "third", "MX", sure=False) is None, "nothing is learned of what is believed"


def test_an_agents_click_confirms_what_the_detector_suspected() -> None:
    book = FingerprintBook()
    book.enrol(prints(2), "first", "MX", sure=False)
    prompt = book.enrol(prints(2), "second", "MX")
    assert prompt is not None
    assert prompt.promoted
    book.enrol(prints(3), "first", "MX")
    prompt = book.enrol(prints(3), "second", "MX", sure=False)
    assert prompt is not None
    assert prompt.promoted


def test_only_the_newest_suspects_are_kept() -> None:
    book = FingerprintBook()
    for n in range(NEWEST + 1):
        book.enrol(prints(100 + n, frames=60), "first", "MX", sure=False)
    assert book.enrol(prints(100, frames=60), "second", "MX", sure=False) is None
    assert book.enrol(prints(100 + NEWEST, frames=60), "second", "MX", sure=False) is not None


def test_a_number_that_answers_as_before_teaches_nothing_new() -> None:
    book = FingerprintBook()
    own = recording_of(prints(1), "first", "MX")
    assert own is not None
    assert not book.knows(prints(1), "first")
    assert book.expect(own) == book.expect(own)
    assert book.knows(prints(1), "first")
    assert not book.knows(prints(1), "second")
    assert not book.knows(prints(2), "first")
    assert book.enrol(prints(1), "first", "MX", sure=False) is None
    believed = book.enrol(prints(1), "second", "MX", sure=False)
    assert believed is not None
    assert believed.sources == {"first", "second"}
    assert book.knows(prints(1), "third")


def test_books_travel_by_country_without_numbers() -> None:
    book = FingerprintBook()
    for source in ("5215550000001", "5215550000002"):
        book.enrol(prints(1), source, "MX")
        book.enrol(prints(2), source, "CO", Label.SCREENING)
    book.enrol(prints(3), "5215550000003", "MX")
    text = book.export("CO")
    assert "52155" not in text
    other = FingerprintBook()
    assert other.load(text) == 1
    assert other.load(text) == 0
    assert [(p.country, p.label, p.promoted) for p in other.prompts] == [("CO", Label.SCREENING, True)]
    damaged = json.loads(text)
    damaged["prompts"][0]["id"] = "0" * 24
    for wrong in ("", "[]", "{}", json.dumps(damaged), text.replace("SCREENING", "NOBODY")):
        with pytest.raises(ValueError, match="not an export"):
            other.load(wrong)
    assert len(other) == 1


def test_app_amd_says_what_its_documentation_says() -> None:
    hello = join(silence(0.5), tone(0.6, 300), silence(3), noise=2)
    assert run_amd(hello) == (AmdStatus.HUMAN, 500 + 600 + 800)
    assert run_amd(hello, TUNED) == (AmdStatus.HUMAN, 500 + 600 + 600)
    assert run_amd(join(silence(4), noise=2)) == (AmdStatus.MACHINE, 2500)
    assert run_amd(join(silence(0.3), tone(5, 300), noise=2)) == (AmdStatus.MACHINE, 300 + 1500)


def test_intervals_are_exact() -> None:
    # 3000 calls without an error: the upper bound is 1 - 0.025 ** (1 / 3000).
    assert Share(0, 3000).interval == (0.0, pytest.approx(100 * (1 - 0.025 ** (1 / 3000))))
    assert Share(3, 3).interval[1] == 100
    assert Share(0, 0).interval == (0, 100)
