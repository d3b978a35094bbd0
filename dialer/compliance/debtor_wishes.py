"""What the debtor asked for, as hours and channels that the rules understand.

Narrower hours and refused channels always hold. Wider hours hold only where the law lets the debtor widen them, and
only when he himself asked (Ley 2300 de 2023 art. 3, parágrafo): what came with a creditor's file is no such wish.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time

from dialer.compliance.case import DaySpans, Wishes, joined
from dialer.domain.contact import Channel, Preference
from dialer.domain.debtor import Wish

WHOLE_DAY = (time.min, time.max)
WEEK = range(1, 8)


def wishes_of(
    preferences: Sequence[Preference], *, at: datetime, channel: Channel, refused: bool = False
) -> Wishes:
    """The wishes that hold at `at` for a contact on `channel`; `refused`: consent to this channel was taken back."""
    mine = [
        wish
        for wish in preferences
        if wish.valid_from <= at
        and (wish.valid_until is None or at < wish.valid_until)
        and (wish.channel in (None, channel) or not wish.is_timed)
    ]
    if not mine and not refused:
        return Wishes()
    only = [wish for wish in mine if wish.wish is Wish.ONLY and wish.is_timed]
    never = [wish for wish in mine if wish.wish is Wish.NEVER and (wish.is_timed or wish.channel is None)]
    # Allowing a channel is no word on hours: only who names a day or an hour widens them.
    allow = [wish for wish in mine if wish.wish is Wish.ALLOW and wish.by_debtor and wish.is_timed]
    return Wishes(
        only_hours=_rows(only, never) if only or never else None,
        more_hours=(*(_spans(allow, day) for day in WEEK), ()) if allow else None,
        channels=frozenset(_spoken_of(mine, Wish.ONLY)) or None,
        refused_channels=frozenset([*_spoken_of(mine, Wish.NEVER), *([channel] if refused else [])]),
    )


def _rows(only: list[Preference], never: list[Preference]) -> tuple[DaySpans, ...]:
    """Monday to Sunday, then holidays, on which nothing was asked for and so nothing is open."""
    rows = [_spans(only, day) if only else (WHOLE_DAY,) for day in WEEK]
    return (
        *(_without(row, _spans(never, day)) for row, day in zip(rows, WEEK, strict=True)),
        _holiday(only, never),
    )


def _holiday(only: list[Preference], never: list[Preference]) -> DaySpans:
    """A holiday may be any weekday: closed when hours were asked for, else without what is barred on any day."""
    if only:
        return ()
    row: DaySpans = (WHOLE_DAY,)
    for day in WEEK:
        row = _without(row, _spans(never, day))
    return row


def _spans(wishes: list[Preference], day: int) -> DaySpans:
    found = [
        (w.starts or time.min, w.ends or time.max) for w in wishes if not w.weekdays or day in w.weekdays
    ]
    return joined(found)


def _without(row: DaySpans, gone: DaySpans) -> DaySpans:
    for start, end in gone:
        left = []
        for opens, closes in row:
            left += [(opens, min(closes, start))] if opens < start else []
            left += [(max(opens, end), closes)] if end < closes else []
        row = tuple((opens, closes) for opens, closes in left if opens < closes)
    return row


def _spoken_of(wishes: list[Preference], kind: Wish) -> Iterator[Channel]:
    """The channels that wishes of this kind name whole, without hours."""
    return (wish.channel for wish in wishes if wish.wish is kind and wish.channel and not wish.is_timed)
