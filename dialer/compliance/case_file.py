"""A case written down: the debtor and his history as JSON, in the vocabulary of the presets.

History: a list of `{at, channel, counts: [...], phone, debt, account, creditor, to, abandoned, machine, consent_at}`;
the first three are needed. `debt` may be a list: a talk about several debts counts for each. Debtor: `{zone, phone,
debt, account, creditor, to, role, ...}`, see `DEBTOR_KEYS`; the debt, account and phone are those of the new contact.
What is unknown is left out. A key that is not known is not used and named as such.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import available_timezones

import orjson

from dialer.compliance.case import DaySpans, Debtor, Wishes
from dialer.compliance.provisions import Role, spans_of
from dialer.compliance.rule_set import load_rule_set, subdivision_names
from dialer.domain.contact import Channel, Contact, Count, Place
from dialer.domain.errors import BadInput

DEBTOR_KEYS: dict[str, str] = {
    "zone": "IANA time zone of his address, or list of those of several",
    "phone": "number to call; E.164 tells its zone, too",
    "debt": "debt, or list of debts, the contact is about",
    "account": "account the debt belongs to",
    "creditor": "creditor of the debt",
    "to": "home, cell, workplace or other",
    "role": "debtor, codebtor, guarantor, spouse, reference, family, employer, ...",
    "do_not_call": "true: on a do-not-call list that binds",
    "cease_request": "true: asked in writing not to be contacted",
    "attorney": "true: represented by an attorney",
    "employer_forbids": "true: calls at work are forbidden there",
    "in_flight": "calls of the person ringing or up now",
    "consent_at": "when he consented directly to be called",
    "answers_request": "true: the contact brings information he asked for",
    "authorised_channels": "channels he authorised; left out = not recorded",
    "written_channels": "channels he consented to in writing",
    "only_hours": 'hours he allows: {"mon": ["09:00-12:00"], ...}; a day left out = none',
    "more_hours": "further hours he asked for after the contract and apart from it",
    "agent_reserved": "true: an agent waits for this very call",
}
HISTORY_KEYS = frozenset(
    {
        "at",
        "channel",
        "counts",
        "phone",
        "debt",
        "account",
        "creditor",
        "to",
        "abandoned",
        "machine",
        "consent_at",
    }
)
#: Other words for the same thing.
_ALIASES = {
    "zones": "zone",
    "time_zone": "zone",
    "timezone": "zone",
    "number": "phone",
    "debts": "debt",
    "place": "to",
    "channels_authorised": "authorised_channels",
    "authorized_channels": "authorised_channels",
}
_CHANNEL_ALIASES = {
    "whatsapp": "chat",
    "e-mail": "email",
    "call": "voice",
    "phone": "voice",
    "mail": "letter",
}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")


@dataclass(frozen=True, slots=True)
class GivenDebtor:
    debtor: Debtor
    agent_reserved: bool
    ignored: tuple[str, ...]


def place_name(jurisdiction: str, subdivision: str | None) -> str:
    """The rule set's name of a country and its subdivision or city, however the latter is written.

    `US` with `US-MA`, `MA` or `NYC`. Raises BadInput on a place that is none.
    """
    country = jurisdiction.strip()
    if re.fullmatch(r"[A-Za-z]{2}(-[A-Za-z0-9-]+)?", country):
        country = country.upper()
    if subdivision is None:
        load_rule_set(country)
        return country
    part = subdivision.strip().upper()
    if "-" in country and not f"{part}-".startswith(f"{country}-"):
        raise BadInput(f"{subdivision!r} is not in {country}: name the country, and one subdivision of it")
    known = subdivision_names(country.partition("-")[0])
    if (full := part if part.startswith(f"{country}-") else f"{country}-{part}") in known:
        return full
    ending = [code for code in known if code.endswith(f"-{part}")]
    if len(ending) == 1:
        return ending[0]
    raise BadInput(
        f"{subdivision!r} is no subdivision (ISO 3166-2) of {country}, such as {min(known, default='-')}"
    )


def parse_moment(text: object, where: str) -> datetime:
    """An instant with its offset. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None:
        raise BadInput(f"{where}: {text!r} is no time; write it like 2026-11-21T14:59:30-05:00")
    if at.tzinfo is None:
        raise BadInput(f"{where}: {text} has no offset; add Z or one like -05:00")
    return at


def parse_channel(text: object, where: str) -> Channel:
    word = _CHANNEL_ALIASES.get(str(text).lower(), str(text).lower())
    return _member(Channel, word, where)


def parse_history(text: str | bytes, where: str = "history") -> tuple[tuple[Contact, ...], tuple[str, ...]]:
    """The contacts of a JSON list, and the keys that were not used. Raises BadInput naming the entry."""
    entries = _json(text, where)
    if not isinstance(entries, list):
        raise BadInput(f"{where}: it is a list of contacts")
    contacts, ignored = [], dict[str, None]()
    for n, entry in enumerate(entries):
        fields, unused = _fields(entry, HISTORY_KEYS, f"{where}[{n}]")
        ignored.update(dict.fromkeys(unused))
        contacts.append(_contact(fields, f"{where}[{n}]"))
    return tuple(contacts), tuple(ignored)


def _contact(fields: dict[str, object], where: str) -> Contact:
    for key in ("at", "channel", "counts"):
        if key not in fields:
            raise BadInput(f"{where}: {key} is missing")
    counts = fields["counts"]
    if not isinstance(counts, list):
        counts = [counts]
    consent = fields.get("consent_at")
    return Contact(
        at=parse_moment(fields["at"], f"{where}.at"),
        channel=parse_channel(fields["channel"], f"{where}.channel"),
        counts=frozenset(_member(Count, word, f"{where}.counts") for word in counts),
        phone=_phone(fields, where),
        debts=_texts(fields, "debt", where),
        account=_text(fields, "account", where),
        creditor=_text(fields, "creditor", where),
        place=_member(Place, fields["to"], f"{where}.to") if "to" in fields else None,
        abandoned=_truth(fields, "abandoned", where),
        machine=_truth(fields, "machine", where),
        consent_at=parse_moment(consent, f"{where}.consent_at") if consent is not None else None,
    )


def parse_debtor(text: str | bytes, where: str = "debtor") -> GivenDebtor:
    """The debtor of a JSON object, and the keys that were not used. Raises BadInput."""
    fields, ignored = _fields(_json(text, where), DEBTOR_KEYS.keys(), where)
    zones = _texts(fields, "zone", where)
    for zone in zones:
        if zone not in available_timezones():
            raise BadInput(
                f"{where}.zone: {zone!r} is no time zone of the IANA database, such as America/Bogota"
            )
    consent = fields.get("consent_at")
    flying = fields.get("in_flight", 0)
    if not isinstance(flying, int) or flying < 0:
        raise BadInput(f"{where}.in_flight: a whole number, 0 or more")
    debtor = Debtor(
        number=_phone(fields, where),
        zone=zones[0] if zones else None,
        other_zones=zones[1:],
        debts=_texts(fields, "debt", where),
        account=_text(fields, "account", where),
        creditor=_text(fields, "creditor", where),
        place=_member(Place, fields["to"], f"{where}.to") if "to" in fields else None,
        role=_member(Role, fields.get("role", Role.DEBTOR), f"{where}.role"),
        do_not_call=_truth(fields, "do_not_call", where),
        cease_request=_truth(fields, "cease_request", where),
        attorney=_truth(fields, "attorney", where),
        employer_forbids=_truth(fields, "employer_forbids", where),
        in_flight=int(flying),
        consent_at=parse_moment(consent, f"{where}.consent_at") if consent is not None else None,
        answers_request=_truth(fields, "answers_request", where),
        wishes=Wishes(
            only_hours=_week(fields, "only_hours", where),
            more_hours=_week(fields, "more_hours", where),
            channels=_channels(fields, "authorised_channels", where),
            written_channels=_channels(fields, "written_channels", where),
        ),
    )
    return GivenDebtor(debtor, _truth(fields, "agent_reserved", where), ignored)


def _json(text: str | bytes, where: str) -> object:
    said = text.encode() if isinstance(text, str) else text
    try:
        return orjson.loads(said.removeprefix(BOM_UTF8))  # some editors begin every file with it
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{where}: not JSON: {error}") from None


def _fields(entry: object, known: Collection[str], where: str) -> tuple[dict[str, object], tuple[str, ...]]:
    """What is said under known keys; null says nothing."""
    if not isinstance(entry, dict):
        raise BadInput(f"{where}: it is an object like {{...}}")
    named: dict[str, object] = {_ALIASES.get(key, str(key)): value for key, value in entry.items()}
    said = {key: value for key, value in named.items() if key in known and value is not None}
    return said, tuple(key for key in named if key not in known)


Word = TypeVar("Word", bound=StrEnum)


def _member(kind: type[Word], word: object, where: str) -> Word:
    try:
        return kind(str(word))
    except ValueError:
        raise BadInput(f"{where}: {word!r} is none of {', '.join(kind)}") from None


def _text(fields: dict[str, object], key: str, where: str) -> str | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadInput(f"{where}.{key}: a text")
    return str(value)


def _phone(fields: dict[str, object], where: str) -> str | None:
    """A number in E.164 without what people write between its digits; any other name of a number as it stands."""
    text = _text(fields, "phone", where)
    if text is None or not text.startswith("+"):
        return text
    return "+" + "".join(sign for sign in text if sign.isdecimal())


def _texts(fields: dict[str, object], key: str, where: str) -> tuple[str, ...]:
    value = fields.get(key)
    items = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(text for item in items if (text := _text({key: item}, key, where)) is not None)


def _truth(fields: dict[str, object], key: str, where: str) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise BadInput(f"{where}.{key}: true or false")
    return value


def _channels(fields: dict[str, object], key: str, where: str) -> frozenset[Channel] | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, list):
        raise BadInput(f"{where}.{key}: a list of channels")
    return frozenset(parse_channel(item, f"{where}.{key}") for item in value)


def _week(fields: dict[str, object], key: str, where: str) -> tuple[DaySpans, ...] | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, dict) or not set(value) <= set(DAYS):
        raise BadInput(f"{where}.{key}: spans by day, of {', '.join(DAYS)}")
    try:
        return tuple(spans_of(value.get(day, [])) for day in DAYS)
    except ValueError as error:
        raise BadInput(f"{where}.{key}: {error}") from None
