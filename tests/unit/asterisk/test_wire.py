"""Bytes to messages and back: however the network cuts them, and whatever a debtor is called."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.asterisk.errors import ProtocolError, UnsafeValue
from dialer.asterisk.wire import MAX_ACTION_LINE, MAX_LINE, MAX_MESSAGE, Message, Parser, encode_action

BANNER = b"Asterisk Call Manager/11.0.0\r\n"

TRANSCRIPT = (
    BANNER
    + b"Response: Success\r\nActionID: a-1\r\nMessage: Authentication accepted\r\n\r\n"
    + b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 12\r\nStatus: Fully Booted\r\n\r\n"
    + "Event: Newchannel\r\nCallerIDName: José Ñuñez Çalış 👍\r\nExten: \r\nUniqueid: 01J\r\n\r\n".encode()
    + b"Response: Success\r\nActionID: a-2\r\nMessage: Command output follows\r\n"
    + b"Output: one\r\nOutput: \r\nOutput: two: three\r\n\r\n"
    + b"Event: Hangup\r\nUniqueid: 01J\r\nCause: 17\r\nCause-txt: User busy\r\nTechCause: 486\r\n\r\n"
)


def parse(stream: bytes, cuts: list[int] | None = None) -> list[list[tuple[str, str]]]:
    """The messages' lines of a stream fed in pieces that end at `cuts`."""
    parser = Parser()
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts or []), len(stream)]
    return [
        message.items()
        for start, end in itertools.pairwise(edges)
        for message in parser.feed(stream[start:end])
    ]


def event(lines: bytes) -> Message:
    (message,) = Parser().feed(BANNER + lines)
    return message


def test_a_transcript_is_read() -> None:
    parser = Parser()
    messages = parser.feed(TRANSCRIPT)
    assert parser.banner == "Asterisk Call Manager/11.0.0"
    assert [m.name for m in messages] == ["Response", "FullyBooted", "Newchannel", "Response", "Hangup"]
    assert messages[0].get("ActionID") == "a-1"
    assert messages[2].get("CallerIDName") == "José Ñuñez Çalış 👍"
    assert "Exten" in messages[2].headers
    assert messages[2].get("Exten", "?") == ""
    assert messages[2].get("Nothing", "?") == "?"
    assert messages[3].all("Output") == ["one", "", "two: three"]
    assert (messages[4].get("Cause"), messages[4].get("TechCause")) == ("17", "486")


@given(st.lists(st.integers(0, len(TRANSCRIPT)), max_size=40))
def test_any_chunking_gives_the_same_messages(cuts: list[int]) -> None:
    assert parse(TRANSCRIPT, cuts) == parse(TRANSCRIPT)


def test_one_byte_at_a_time_gives_the_same_messages() -> None:
    assert parse(TRANSCRIPT, list(range(len(TRANSCRIPT)))) == parse(TRANSCRIPT)


PIECES = [
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b": ",
    b":",
    b"Event",
    b"Event: X",
    b"Response: ",
    b"\xc3",
    b"\xa9",
    b"\0",
    b"a",
]


@given(st.lists(st.sampled_from(PIECES), max_size=60), st.lists(st.integers(0, 500), max_size=10))
def test_garbage_after_the_banner_reads_the_same_in_any_chunks(pieces: list[bytes], cuts: list[int]) -> None:
    stream = BANNER + b"".join(pieces)
    messages = parse(stream, cuts)
    assert messages == parse(stream)
    # Nothing is made up: every value read was on the wire.
    for _, value in (line for lines in messages for line in lines):
        assert value.replace("\ufffd", "") in stream.decode("utf-8", "ignore") or "\ufffd" in value


@given(st.binary(max_size=400))
def test_garbage_instead_of_a_banner_is_refused_or_waited_on(data: bytes) -> None:
    parser = Parser()
    try:
        messages = parser.feed(data)
    except ProtocolError:
        return
    assert messages == []
    assert BANNER.startswith(data) or data.startswith(b"Asterisk Call Manager/")


def test_another_service_is_refused_at_its_first_bytes() -> None:
    with pytest.raises(ProtocolError, match="is this Asterisk's AMI port"):
        Parser().feed(b"SSH-2.0-OpenSSH")
    with pytest.raises(ProtocolError):
        Parser().feed(b"Asterisk Call Manager/" + b"x" * 200)


def test_several_empty_lines_make_no_message() -> None:
    assert parse(BANNER + b"\r\n\r\n\r\nEvent: A\r\n\r\n\r\n\r\n\r\nEvent: B\r\n\r\n") == [
        [("Event", "A")],
        [("Event", "B")],
    ]


def test_overlapping_ends_are_cut_alike_whole_and_in_pieces() -> None:
    stream = BANNER + b"\r\n" * 3 + b"\r" + b"\r\n" * 3 + b"Event: A\r\n" + b"\r\n" * 4
    for cut in range(len(stream)):
        assert parse(stream, [cut]) == parse(stream)


def test_the_first_of_repeated_keys_counts_and_all_are_kept() -> None:
    message = event(
        b"Event: Hangup\r\nUniqueid: ours\r\n"
        b"ChanVariable: a=1\r\nChanVariable: b=2\r\nUniqueid: forged\r\n\r\n"
    )
    assert message.get("Uniqueid") == "ours"
    assert message.all("ChanVariable") == ["a=1", "b=2"]
    assert message.headers["ChanVariable"] == "a=1"


def test_lines_without_a_colon_and_values_with_bare_line_ends_are_kept_as_they_came() -> None:
    message = event(b"Event: Odd\r\nno colon here\r\nEmpty:\r\nTight:x\r\nValue: a\nForged: b\rc\r\n\r\n")
    assert message.items() == [
        ("Event", "Odd"),
        ("", "no colon here"),
        ("Empty", ""),
        ("Tight", "x"),
        ("Value", "a\nForged: b\rc"),
    ]


def test_bytes_that_are_not_utf8_spoil_only_themselves() -> None:
    assert event(b"Event: A\r\nName: Jos\xe9 P\xc3\xa9rez\r\n\r\n").get("Name") == "Jos\ufffd Pérez"


def test_a_message_that_names_its_event_late_or_not_at_all() -> None:
    assert event(b"Privilege: x\r\nEvent: Late\r\n\r\n").name == "Late"
    assert event(b"just some text\r\n\r\n").name == ""


def test_a_repr_shows_no_personal_data() -> None:
    shown = repr(event(b"Event: Newchannel\r\nCallerIDNum: 18095550123\r\nUniqueid: 01J\r\n\r\n"))
    assert shown == "<Message Newchannel {'Uniqueid': '01J'}>"


def fed_until_refused(parser: Parser, data: bytes, times: int) -> int:
    """How many bytes of the repeated `data` went in before the parser refused."""
    for n in range(times):
        try:
            parser.feed(data)
        except ProtocolError:
            return n * len(data)
    raise AssertionError("never refused")


@pytest.mark.parametrize("chunk", [1_000_000, 1000])
def test_a_line_of_ten_megabytes_is_refused_long_before_its_end(chunk: int) -> None:
    parser = Parser()
    parser.feed(BANNER + b"Event: Huge\r\nValue: ")
    assert fed_until_refused(parser, b"x" * chunk, 10_000_000 // chunk) <= MAX_LINE


@pytest.mark.parametrize("lines", [10_000, 10])
def test_a_message_without_end_is_refused(lines: int) -> None:
    parser = Parser()
    parser.feed(BANNER)
    assert fed_until_refused(parser, b"Output: x\r\n" * lines, 1_000_000 // lines) <= MAX_MESSAGE + 3


def test_the_longest_allowed_line_passes_and_one_byte_more_does_not() -> None:
    line = b"V: " + b"x" * (MAX_LINE - 3)
    for cut in (0, 50, MAX_LINE, MAX_LINE + 10, MAX_LINE + 11, MAX_LINE + 12):
        stream = b"Event: A\r\n" + line + b"\r\n\r\n"
        assert len(parse(BANNER + stream, [len(BANNER) + cut])) == 1
        with pytest.raises(ProtocolError):
            parse(BANNER + stream.replace(b"V: ", b"VV: "), [len(BANNER) + cut])


def test_a_large_message_in_small_pieces_takes_no_quadratic_time() -> None:
    stream = BANNER + b"Response: Success\r\n" + b"Output: 0123456789\r\n" * 50_000 + b"\r\n"
    parser, began = Parser(), time.process_time()
    messages = [m for n in range(0, len(stream), 16) for m in parser.feed(stream[n : n + 16])]
    assert len(messages[0].all("Output")) == 50_000
    assert time.process_time() - began < 5.0


def test_an_action_is_written() -> None:
    assert encode_action("Originate", [("ActionID", "a-1"), ("Variable", "A=ñ"), ("Variable", "B=")]) == (
        "Action: Originate\r\nActionID: a-1\r\nVariable: A=ñ\r\nVariable: B=\r\n\r\n".encode()
    )


@pytest.mark.parametrize(
    "bad", ["\r", "\n", "\0", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\ud800"]
)
@pytest.mark.parametrize("where", ["{}", "x{}", "{}x", "José{}Action: Command"])
def test_a_value_that_could_end_its_line_is_refused(bad: str, where: str) -> None:
    with pytest.raises(UnsafeValue) as caught:
        encode_action("Originate", [("CallerID", where.format(bad))])
    assert "José" not in str(caught.value)
    with pytest.raises(UnsafeValue):
        encode_action(where.format(bad), [])


@pytest.mark.parametrize("key", ["", "A:", "A: b", "A b", "A\r\n", "Ñ", "Action", "ACTION", "a\n"])
def test_a_key_that_is_no_token_or_a_second_action_is_refused(key: str) -> None:
    with pytest.raises(UnsafeValue):
        encode_action("Ping", [(key, "x")])


def test_a_line_asterisk_would_cut_and_headers_it_would_drop_are_refused() -> None:
    fits = MAX_ACTION_LINE - len("Variable: ")
    encode_action("Setvar", [("Variable", "x" * fits)])
    encode_action("Setvar", [("Variable", "ñ" * (fits // 2))])
    for value in ("x" * (fits + 1), "ñ" * (fits // 2 + 1), "x" * 10_000_000):
        with pytest.raises(UnsafeValue, match="bytes"):
            encode_action("Setvar", [("Variable", value)])
    with pytest.raises(UnsafeValue, match="127 headers"):
        encode_action("Originate", [("Variable", "x")] * 127)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True), st.text(max_size=60)),
        max_size=8,
    )
)
def test_what_is_written_reads_back_or_is_refused(headers: list[tuple[str, str]]) -> None:
    try:
        data = encode_action("Originate", headers)
    except UnsafeValue:
        return
    (message,) = Parser().feed(BANNER + data)
    assert message.items() == [("Action", "Originate"), *headers]


NASTY = [
    *("\r\n", "\n", "\r", "\0", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1e", "\ud83d", "\r\n\r\n"),
    *("%0d%0a", "\\r\\n", "Action: Command", "Command: core stop now", "ActionID: 1", ": ", "José", "👍"),
    *("${SHELL(id)}", "&Zap/g1/4165551212", "\u200b", "\ufeff", "'", '"', ";", "|", "\t", " ", "x" * 300),
]


def test_of_a_hundred_thousand_nasty_values_none_adds_a_line() -> None:
    rng = random.Random(20261121)
    written = refused = 0
    for _ in range(100_000):
        value = "".join(rng.choices(NASTY, k=rng.randint(1, 4)))
        try:
            data = encode_action("Originate", [("CallerID", value), ("Variable", "A=1")])
        except UnsafeValue:
            refused += 1
            continue
        written += 1
        # As Asterisk cuts (LF, CR ignored), as Python cuts text (Unicode's line ends too).
        assert data.count(b"\n") == data.count(b"\r") == 4
        assert len(data.decode().splitlines()) == 4
        assert b"\0" not in data
        assert any(character in value for character in "\r\n\0\x85\u2028\u2029\x0b\x0c\x1e\ud83d") is False
    assert written > 10_000
    assert refused > 10_000
