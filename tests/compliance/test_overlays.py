"""Overlays and local holidays: stricter is laid over the law and named as the source, looser is refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.compliance import Debtor, Deny, RuleSet, judge, load_rule_set
from dialer.compliance.duties import min_ring_s, start_breaches
from dialer.compliance.lead_case import debtor_of, judge_lead, may_ring_there, ring_s
from dialer.compliance.overlays import check_overlay, parse_overlay, rules_of
from dialer.compliance.provisions import Role
from dialer.domain.campaign import (
    Campaign,
    CampaignState,
    DialMode,
    LocalHoliday,
    Overlay,
    OverlayScope,
    RecordingNotice,
)
from dialer.domain.contact import Channel, Contact, Count, Place
from dialer.domain.debtor import PartyRole
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import PhoneHistory, PhoneStatus
from dialer.domain.values import ClaimedLead, LeadPhone, PhoneNumber, Verdict

#: A Wednesday, 10:00 in Bogotá.
NOON = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
WEEK = 'mon: ["{0}"], tue: ["{0}"], wed: ["{0}"], thu: ["{0}"], fri: ["{0}"], sat: [], sun: [], holiday: []'


def overlay(rules: str, *, creditor: str | None = None, version: int = 1) -> Overlay:
    name = f"contract:{creditor}@{version}" if creditor else f"campaign:Norte@{version}"
    return Overlay(name, creditor, f'format: cadencia-overlay/1\ntitle: "Clause 8"\n{rules}')


def hours(span: str) -> str:
    return f"hours: {{days: {{{WEEK.format(span)}}}, conf: agreed}}"


def campaign(
    rule_set: str = "CO", *overlays: Overlay, holidays: tuple[LocalHoliday, ...] = (), ring: int = 25
) -> Campaign:
    return Campaign(
        id=1,
        name="Norte",
        agent_group_id=1,
        state=CampaignState.RUNNING,
        mode=DialMode.PROGRESSIVE,
        ratio=1.0,
        max_lines_per_agent=2.0,
        abandon_cap=0.03,
        connect_limit_s=2.0,
        ring_timeout_s=25,
        wrap_up_s=30,
        priority=0,
        rule_set=rule_set,
        recording_notice=RecordingNotice.PLAYED,
        language="es",
        version=1,
        overlays=overlays,
        local_holidays=holidays,
    )


def lead(**changes: object) -> ClaimedLead:
    phones = (
        LeadPhone(1, PhoneNumber("+573005550101"), PhoneHistory(1, PhoneStatus.ACTIVE)),
        LeadPhone(2, PhoneNumber("+573005550102"), PhoneHistory(2, PhoneStatus.ACTIVE), Place.WORKPLACE),
    )
    known: dict[str, object] = {
        "id": 1,
        "campaign_id": 1,
        "person_id": 1,
        "phones": phones,
        "next_phone_id": 1,
        "attempts": 0,
        "last_n": 0,
        "lease_until": NOON + timedelta(minutes=5),
        "time_zone": "America/Bogota",
        "do_not_call": False,
        "creditor": "Banco Uno",
    }
    return ClaimedLead(**(known | changes))  # type: ignore[arg-type]


def denied(held: Campaign, who: ClaimedLead, at: datetime = NOON, phone: int = 0) -> Deny | None:
    verdict = judge_lead(held, who, who.phones[phone], at, reserved=True)
    return verdict if isinstance(verdict, Deny) else None


# --- laid over ----------------------------------------------------------------------------------------------


def test_a_contract_binds_its_creditors_debts_alone() -> None:
    """1. At ten the contract is still closed: denied, and it is named as the source, with its version; 2. at eleven it
    is open; 3. another creditor's debtor is called at ten; 4. the stored verdict tells the contract's version."""
    held = campaign("CO", overlay(hours("11:00-18:00"), creditor="Banco Uno", version=3))
    found = denied(held, lead())
    assert found is not None
    assert (found.rule, found.src, found.norm) == (
        "hours",
        ("contract:Banco Uno@3",),
        "contract:Banco Uno@3: Clause 8",
    )
    assert found.until == NOON + timedelta(hours=1)
    allowed = judge_lead(held, lead(), lead().phones[0], NOON + timedelta(hours=1), reserved=True)
    assert isinstance(allowed, Verdict)
    assert allowed.version == f"{load_rule_set('CO').version}+contract:Banco Uno@3"
    assert denied(held, lead(creditor="Banco Dos")) is None


def test_a_campaigns_own_limit_is_counted_beside_the_laws() -> None:
    """1. Two attempts a day and no more, though the policy allows three; 2. whose limit it is, is told."""
    rule = "limits: [{id: two-a-day, counts: attempt, unit: person, channels: [voice], max: 2,"
    held = campaign("CO", overlay(rule + " window: {kind: calendar_day}, conf: agreed}]"))
    tries = tuple(
        Contact(NOON - timedelta(hours=h), Channel.VOICE, frozenset({Count.ATTEMPT}), phone="+573005550101")
        for h in (2, 3)
    )
    assert denied(held, lead(contacts=tries[:1])) is None
    found = denied(held, lead(contacts=tries), NOON + timedelta(hours=1))
    assert found is not None
    assert (found.rule, found.src) == ("two-a-day", ("campaign:Norte@1",))
    assert denied(campaign("CO"), lead(contacts=tries), NOON + timedelta(hours=1)) is None


def test_a_duty_of_an_overlay_is_held_like_the_laws() -> None:
    """1. A contract's ring is rung, whatever the campaign says; 2. a campaign's cap keeps it from starting; 3.
    approvals are of the law, which the overlay leaves as it was."""
    contract = overlay("min_ring_s: {value: 40, conf: agreed}", creditor="Banco Uno")
    assert ring_s(campaign("CO", contract), lead()) == 40
    assert ring_s(campaign("CO", contract), lead(creditor=None)) == 25
    strict = "abandonment: {cap_pct: 1.0, windows: [{kind: rolling_days, days: 1}], time_to_agent_s: 2, conf: agreed}"
    (breach,) = start_breaches(campaign("CO", overlay(strict)), date(2026, 11, 18))
    assert (breach.rule, breach.src) == ("abandonment_cap", ("campaign:Norte@1",))
    approvals = frozenset({f"MX-hours@{load_rule_set('MX').version}"})
    assert rules_of(campaign("MX", overlay(hours("10:00-12:00")))).unapproved(approvals) == []


def test_a_contracts_silence_after_a_contact_binds() -> None:
    """1. Three days of silence that a contract asks for are held; 2. and it is named as their source."""
    silence = (
        "cooling_off: [{id: silence, after: contact, unit: person, channels: all,"
        " window: {kind: consecutive_days, days: 3}, conf: agreed}]"
    )
    held = campaign("CO", overlay(silence, creditor="Banco Uno"))
    talked = (Contact(NOON - timedelta(days=1), Channel.VOICE, frozenset({Count.CONTACT})),)
    found = denied(held, lead(contacts=talked))
    assert found is not None
    assert (found.rule, found.src) == ("silence", ("contract:Banco Uno@1",))
    assert denied(held, lead(contacts=talked), NOON + timedelta(days=2)) is None


def test_an_overlay_that_counts_the_workplace_opens_it_to_nobody() -> None:
    """1. Where nobody is called at work, a limit on such calls allows none; 2. where the law counts them, an overlay
    that forbids them is held."""
    counted = (
        "limits: [{id: work, counts: attempt, unit: person, channels: [voice], max: 1, to: [workplace],"
        " window: {kind: calendar_week}, conf: agreed}]"
    )
    found = denied(campaign("CO", overlay(counted)), lead(), phone=1)
    assert found is not None
    assert found.rule == "contact_scope"
    none_at_work = overlay("contact_scope: {roles: [debtor], workplace: forbidden, conf: agreed}")
    seattle = lead(time_zone="America/Los_Angeles")
    ten_there = NOON + timedelta(hours=3)
    assert denied(campaign("US-WA"), seattle, ten_there, phone=1) is None
    found = denied(campaign("US-WA", none_at_work), seattle, ten_there, phone=1)
    assert found is not None
    assert found.rule == "contact_scope"


def test_who_lives_elsewhere_has_not_the_zone_of_the_campaigns_state() -> None:
    """A debtor in Texas whose zone is unknown, of a campaign under Washington's rules: 16:30Z is 8:30 in Seattle and
    6:30 in Honolulu, and nobody knows that he does not live by the latter."""
    texan = lead(
        time_zone=None,
        subdivision="US-TX",
        phones=(LeadPhone(1, PhoneNumber("+18005550101"), PhoneHistory(1, PhoneStatus.ACTIVE)),),
    )
    found = denied(campaign("US-WA"), texan, NOON.replace(hour=16, minute=30))
    assert found is not None
    assert (found.rule, found.until) == ("hours", NOON.replace(hour=18))


LOOSER = [
    (hours("06:00-10:00"), "hours.mon: 06:00-10:00 is not within what Ley 2300 de 2023 art. 3 allows"),
    ("min_ring_s: {value: 10, conf: agreed}", "min_ring_s: 10, where 15 holds"),
    (
        "after_abandoned_call: {no_automatic_redial_h: 24, conf: agreed}",
        "after_abandoned_call: 24, where 72 holds",
    ),
    ("after_amd_machine: {no_automatic_redial_h: 1, conf: agreed}", "after_amd_machine: 1, where 24 holds"),
    (
        "abandonment: {cap_pct: 5.0, windows: [{kind: rolling_days, days: 30}], time_to_agent_s: 2, conf: agreed}",
        "abandonment.cap_pct: 5, where 3 holds",
    ),
    (
        "contact_scope: {roles: [debtor, reference], workplace: forbidden, conf: agreed}",
        "contact_scope.roles: reference may not be called",
    ),
    (
        "contact_scope: {roles: [debtor], workplace: unless_employer_forbids, conf: agreed}",
        "contact_scope.workplace: it is forbidden",
    ),
    (
        "contact_scope: {roles: [debtor], workplace: forbidden, cease_request_stops: false, conf: agreed}",
        "contact_scope.cease_request_stops: it does",
    ),
    (
        "limits: [{id: mine, counts: contact, unit: person, channels: all, max: 2, window: {kind: calendar_day},"
        " conf: agreed}]",
        "mine: 2, where CO-day allows 1",
    ),
    (
        "limits: [{id: CO-day, counts: contact, unit: person, channels: all, max: 1, window: {kind: calendar_day},"
        " conf: agreed}]",
        "CO-day is the name of one of its limits",
    ),
    ("recording: {consent: notice, announce_before: false, conf: agreed}", "recording.announce_before"),
    (
        "retention: {contact_ledger_years: 5, recordings_days: 400, conf: agreed}",
        "retention.recordings_days: 400",
    ),
]


@pytest.mark.parametrize(("rules", "said"), LOOSER, ids=[said.split(":")[0] for _, said in LOOSER])
def test_looser_is_refused_by_name(rules: str, said: str) -> None:
    parsed = parse_overlay(overlay(rules).text, "o.yaml")
    with pytest.raises(BadInput) as refused:
        check_overlay(parsed, OverlayScope.CAMPAIGN, load_rule_set("CO"))
    assert str(refused.value).startswith("looser than CO ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("min_ring: {value: 20, conf: agreed}", "3: min_ring: no such key"),
        ("min_ring_s: {value: 20, conf: policy}", "3: min_ring_s.conf: write agreed"),
        ("reply_exception: {conf: agreed}", "3: reply_exception: an overlay adds"),
        ("consent_exclusion: {max_days: 3, conf: agreed}", "3: consent_exclusion: an overlay adds"),
        ("notes: on", "truth value"),
        ("", "give it rules"),
    ],
)
def test_a_faulty_file_names_its_line(rules: str, said: str) -> None:
    with pytest.raises(BadInput, match=f"^o.yaml, line .*{said}"):
        parse_overlay(overlay(rules).text, "o.yaml")


def test_a_contract_cannot_answer_for_a_campaign() -> None:
    parsed = parse_overlay(overlay("caller_id: {must_be_owned: true, conf: agreed}").text, "o.yaml")
    check_overlay(parsed, OverlayScope.CAMPAIGN, load_rule_set("CO"))
    with pytest.raises(BadInput, match="caller_id is asked of a campaign as a whole"):
        check_overlay(parsed, OverlayScope.CONTRACT, load_rule_set("CO"))


@given(
    place=st.sampled_from(["CO", "MX", "PE", "CL", "AR", "BR-SP", "EC", "ES", "GB", "US", "US-MA"]),
    begins=st.integers(0, 22),
    lasts=st.integers(1, 23),
    most=st.integers(1, 4),
    ring=st.integers(1, 60),
    minutes=st.integers(0, 14 * 24 * 60),
    before=st.lists(st.integers(1, 20_000), max_size=6),
)
def test_an_overlay_never_allows_what_the_law_forbids(
    place: str, begins: int, lasts: int, most: int, ring: int, minutes: int, before: list[int]
) -> None:
    """1. Whatever it says, checked or not: what the law forbids stays forbidden, no sooner lawful, and its figures
    hold; 2. what both allow was open in the overlay's own hours."""
    ends = min(24, begins + lasts)
    said = f"{hours(f'{begins:02}:00-{ends:02}:00')}\nmin_ring_s: {{value: {ring}, conf: agreed}}\n"
    said += f"limits: [{{id: x, counts: attempt, unit: person, channels: [voice], max: {most},"
    added = overlay(said + " window: {kind: calendar_day}, conf: agreed}]")
    law, both = load_rule_set(place), rules_of(campaign(place, added))
    at = NOON + timedelta(minutes=minutes)
    history = [
        Contact(at - timedelta(minutes=ago), Channel.VOICE, frozenset({Count.ATTEMPT}), phone="+12125550101")
        for ago in before
    ]
    who = Debtor(number="+12125550101", zone=law.zones[0])

    def word(rules: RuleSet) -> Verdict | Deny:
        return judge(rules, who, at=at, history=history)

    first, second = word(law), word(both)
    if isinstance(first, Deny):
        assert isinstance(second, Deny)
        if first.until and second.until:
            assert first.until <= second.until
    elif isinstance(second, Verdict):
        local = at.astimezone(ZoneInfo(law.zones[0]))
        assert begins <= local.hour < ends
        assert local.weekday() < 5
    assert min_ring_s(both) == max(min_ring_s(law), ring)


# --- places and people --------------------------------------------------------------------------------------


def test_a_local_holiday_holds_where_it_is_kept() -> None:
    """1. In the town itself, however it is written; 2. not elsewhere in the department, nor in another; 3. whose home
    is not known may live there; 4. one of the whole country holds for all; 5. the version tells."""
    feast = LocalHoliday(NOON.date(), "CO-ANT", "Medellín")
    held = campaign("CO", holidays=(feast,))
    there = lead(subdivision="CO-ANT", city=" MEDELLIN")
    found = denied(held, there)
    assert found is not None
    assert (found.rule, found.until) == ("hours", datetime(2026, 11, 19, 12, 0, tzinfo=UTC))
    assert denied(held, lead(subdivision="CO-ANT", city="Envigado")) is None
    assert denied(held, lead(subdivision="CO-CUN", city="Medellín")) is None
    assert denied(held, lead()) is not None
    assert denied(held, lead(subdivision="CO-ANT")) is not None
    everywhere = campaign("CO", holidays=(LocalHoliday(NOON.date(), "CO"),))
    assert denied(everywhere, lead(subdivision="CO-CUN", city="Chía")) is not None
    assert rules_of(held, subdivision="CO-ANT", city="Medellín").version != load_rule_set("CO").version
    assert denied(campaign("PE", holidays=(feast,)), lead(time_zone="America/Lima")) is None


def test_the_debtors_own_subdivision_adds_its_law() -> None:
    """1. Rio de Janeiro closes at seven, one hour before the country; 2. a neighbour in São Paulo may still be called;
    3. of a campaign of São Paulo, who lives in Rio has both laws; 4. another country's subdivision adds nothing."""
    at = datetime(2026, 11, 18, 22, 30, tzinfo=UTC)  # Wednesday, 19:30 in São Paulo
    zone = "America/Sao_Paulo"
    for rule_set, subdivision, open_ in (
        ("BR", None, True),
        ("BR", "BR-SP", True),
        ("BR", "BR-RJ", False),
        ("BR-SP", "BR-RJ", False),
        ("BR", "CO-ANT", True),
        ("BR", "BR-ZZ", True),
    ):
        found = denied(campaign(rule_set), lead(subdivision=subdivision, time_zone=zone), at)
        assert (found is None) == open_, (rule_set, subdivision)
        assert found is None or found.norm == "Lei 7.868/2018"


@pytest.mark.parametrize("party", [None, *PartyRole])
def test_who_answers_for_the_debt_and_nobody_else(party: PartyRole | None) -> None:
    """1. Debtor, co-debtor and guarantor are called, references, family and strangers never: by the Colombian norm's
    own source; 2. every role that is kept has a name in the law."""
    found = denied(campaign("CO"), lead(role=party))
    allowed = party in (None, PartyRole.CO_DEBTOR, PartyRole.GUARANTOR)
    assert (found is None) == allowed
    assert found is None or (found.rule, found.src, found.until) == ("contact_scope", ("S07",), None)
    assert debtor_of(lead(role=party), lead().phones[0], NOON).role in Role


def test_the_workplace() -> None:
    """1. Barred in Colombia, allowed in the United States until the employer forbids it; 2. of two numbers the other
    one is dialled; 3. Massachusetts counts the workplace apart: two contacts in thirty days."""
    assert (denied(campaign("CO"), lead(), phone=1) or Deny("", None)).rule == "contact_scope"
    assert [may_ring_there(campaign("CO"), lead(), phone) for phone in lead().phones] == [True, False]
    us = lead(time_zone="America/New_York", debts=("7",))
    assert denied(campaign("US"), us, phone=1) is None
    barred = lead(time_zone="America/New_York", employer_forbids=True)
    assert (denied(campaign("US"), barred, phone=1) or Deny("", None)).rule == "contact_scope"
    assert not may_ring_there(campaign("US"), barred, barred.phones[1])
    contact, number = frozenset({Count.CONTACT}), "+573005550102"
    at_work = tuple(
        Contact(NOON - timedelta(days=ago), Channel.VOICE, contact, number, ("7",), place=Place.WORKPLACE)
        for ago in (9, 20)
    )
    ma = lead(time_zone="America/New_York", debts=("7",), contacts=at_work)
    assert (denied(campaign("US-MA"), ma, phone=1) or Deny("", None)).rule == "MA-2in30"
    assert denied(campaign("US-MA"), ma, phone=0) is None
