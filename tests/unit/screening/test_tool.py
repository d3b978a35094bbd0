"""`python -m dialer.screening` on files, as anybody runs it on his own calls."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sound import Sound, join, silence, speech, tone

from dialer.screening.tool import main


def save(path: Path, sound: Sound, subtype: str = "PCM_16", rate: int = 8000) -> Path:
    soundfile.write(path, sound, rate, subtype=subtype)
    return path


def answers(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


SIT = join(silence(0.3), tone(0.276, 950), tone(0.276, 1400), tone(0.38, 1777), silence(1))


def test_each_file_gets_one_line_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        save(tmp_path / "hello.wav", join(silence(0.5), speech(0.7), silence(2))),
        save(tmp_path / "sit.wav", SIT),
        save(tmp_path / "fax.wav", join(silence(0.2), tone(2, 2100))),
        save(tmp_path / "nobody.wav", join(silence(6))),
    ]
    assert main(["classify", "--json", *map(str, files)]) == 0
    found = answers(capsys)
    assert [a["file"] for a in found] == [str(f) for f in files]
    assert [a["label"] for a in found] == ["HUMAN", "SIT", "FAX", "SILENCE"]
    assert [a["cause"] for a in found][1:] == ["sit", "fax", "silence"]
    assert set(found[0]) == {
        "file",
        "label",
        "decided_at_ms",
        "greeting_end_ms",
        "beep_at_ms",
        "posterior",
        "cause",
    }
    assert 1000 <= int(str(found[0]["greeting_end_ms"])) <= 1400


@pytest.mark.parametrize("subtype", ["ALAW", "ULAW", "GSM610", "PCM_24"])
def test_the_codecs_of_telephone_recordings_are_read(
    subtype: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", "--json", str(save(tmp_path / "sit.wav", SIT, subtype))]) == 0
    assert [a["label"] for a in answers(capsys)] == ["SIT"]


def test_a_header_that_promises_too_much_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = save(tmp_path / "sit.wav", SIT).read_bytes()
    at = whole.index(b"data") + 4
    lying = tmp_path / "lying.wav"
    lying.write_bytes(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :])
    assert main(["classify", "--json", str(lying)]) == 0
    assert [a["label"] for a in answers(capsys)] == ["SIT"]


def test_what_cannot_be_heard_is_named_and_the_rest_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = tmp_path / "noise.wav"
    noise.write_bytes(bytes(range(256)) * 9)
    stereo = save(tmp_path / "stereo.wav", np.stack([SIT, SIT], axis=1))
    wide = save(tmp_path / "wide.wav", SIT, rate=16000)
    empty = save(tmp_path / "empty.wav", silence(0))
    good = save(tmp_path / "good.wav", SIT)
    files = [noise, stereo, tmp_path / "absent.wav", wide, tmp_path, empty, good]
    assert main(["classify", "--json", *map(str, files)]) == 1
    told = capsys.readouterr()
    assert [json.loads(line)["file"] for line in told.out.splitlines()] == [str(good)]
    for path in files[:-1]:
        assert f"screening: {path}: " in told.err
    assert "16000 Hz" in told.err
    assert "2 channels" in told.err
    assert "6 of 7 files could not be heard" in told.err


def labelled(folder: Path) -> Path:
    """Six people and six machines with their table."""
    rows = []
    for n in range(6):
        hello = join(silence(0.3 + 0.1 * n), speech(0.6 + 0.05 * n, seed=n), silence(2.5), seed=n)
        greeting = join(
            silence(0.3), speech(6, seed=20 + n), silence(0.4), tone(0.3, 900), silence(1), seed=n
        )
        rows.append((save(folder / f"h{n}.wav", hello).name, "human", "short", round(900 + 150 * n), ""))
        rows.append((save(folder / f"m{n}.wav", greeting).name, "MACHINE", "voicemail", "", 6700))
    path = folder / "labels.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "kind", "greeting_end_ms", "beep_ms"), *rows])
    return path


def test_a_model_trained_on_calls_judges_them_beside_app_amd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = ["--audio", str(tmp_path), "--labels", str(labelled(tmp_path))]
    model = tmp_path / "model.json"
    assert main(["train", *calls, "--out", str(model), "--about", "a test"]) == 0
    assert main(["evaluate", *calls, "--model", str(model), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"ours", "app_amd default", "app_amd tuned"}
    assert found["ours"]["human_as_machine"]["of"] == 6
    assert found["ours"]["human_as_machine"]["count"] == 0
    assert found["ours"]["machine_passed"]["count"] == 0
    assert found["ours"]["human_as_machine"]["interval_percent"][1] == pytest.approx(45.93, abs=0.01)
    assert main(["evaluate", *calls]) == 0
    told = capsys.readouterr().out
    assert "app_amd default: people treated as machines" in told
    assert "voicemail" in told


def test_wrong_labels_are_refused_with_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "a.wav", SIT)
    table = tmp_path / "labels.csv"
    for text, told in (
        ("file,label\na.wav,PERSON\n", "labels.csv, line 2: 'PERSON' is not a valid Label"),
        ("name,truth\na.wav,SIT\n", "needs the columns file and label"),
        ("", "no line with a label"),
        ("file,label\nb.wav,SIT\n", "b.wav: there is no such file"),
    ):
        table.write_text(text)
        assert main(["evaluate", "--audio", str(tmp_path), "--labels", str(table)]) == 1
        assert told in capsys.readouterr().err


def test_a_model_or_a_book_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = save(tmp_path / "good.wav", SIT)
    wrong = tmp_path / "wrong.json"
    for option in ("--model", "--prompts"):
        for text in (
            "{}",
            "[1]",
            "no",
            '{"format": "cadencia-screening-1", "features": [], "trees": [{}], "bias": 0}',
        ):
            wrong.write_text(text)
            assert main(["classify", option, str(wrong), str(good)]) == 1
            assert str(wrong) in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["classify", "--cost-ratio", "0", str(good)])
    assert "between 1 and 1000" in capsys.readouterr().err
