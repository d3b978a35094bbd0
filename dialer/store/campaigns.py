"""What an operator sets up before the first call: groups, users, scripts, segments, campaigns.

`ensure_...` may be run again with other values: it then changes what is there. All take part in the caller's
transaction.
"""

from __future__ import annotations

from contextlib import suppress

import asyncpg
import orjson

from dialer.compliance.breach import Breach
from dialer.compliance.duties import demand, settings_breaches, terms_of
from dialer.compliance.overlays import rules_of
from dialer.domain.campaign import AbandonWindow, Campaign, DialMode, PacingPolicy, RecordingNotice
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Effect
from dialer.domain.screening import ScreeningSettings
from dialer.store.database import Connection
from dialer.store.scripts import publish, save_draft
from dialer.store.shard_state import read_campaign

ROLES = ("agent", "supervisor", "qa", "admin")
LANGUAGES = ("es", "en", "pt")

#: code, effect, whether the debtor himself was reached, Spanish, English, Portuguese. A collections floor's usual list.
DEFAULT_DISPOSITIONS: tuple[tuple[str, Effect, bool, str, str, str], ...] = (
    ("promise", Effect.PROMISE, True, "Promesa de pago", "Promise to pay", "Promessa de pagamento"),
    ("paid", Effect.PAID, True, "Ya pagó", "Already paid", "Já pagou"),
    ("callback", Effect.CALLBACK, True, "Volver a llamar", "Call back", "Ligar de volta"),
    ("dispute", Effect.DISPUTE, True, "Disputa la deuda", "Disputes the debt", "Contesta a dívida"),
    ("hardship", Effect.HARDSHIP, True, "No puede pagar", "Unable to pay", "Não pode pagar"),
    ("refused", Effect.REFUSED, True, "Se niega a pagar", "Refuses to pay", "Recusa-se a pagar"),
    (
        "third_party",
        Effect.THIRD_PARTY,
        False,
        "Tercero, dejó recado",
        "Third party, message left",
        "Terceiro, recado",
    ),
    ("wrong_number", Effect.WRONG_NUMBER, False, "Número equivocado", "Wrong number", "Número errado"),
    ("deceased", Effect.DECEASED, False, "Fallecido", "Deceased", "Falecido"),
    ("do_not_call", Effect.DO_NOT_CALL, False, "No desea llamadas", "Do not call", "Não deseja ligações"),
    ("voicemail", Effect.MACHINE, False, "Buzón de voz", "Voicemail", "Caixa postal"),
    ("cut_off", Effect.RETRY, False, "Se cortó la llamada", "Call cut off", "Ligação caiu"),
    ("no_result", Effect.RETRY, False, "Sin resultado", "No result", "Sem resultado"),
)


async def ensure_group(connection: Connection, name: str) -> int:
    """The agent group of this name: its id (which is also its shard's). Running dialers are told."""
    group_id = await _id(
        connection,
        "INSERT INTO agent_group (name) VALUES ($1)"
        " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
        check_name("group", name),
    )
    await connection.execute("SELECT pg_notify('cadencia_group', $1)", str(group_id))
    return group_id


async def add_user(
    connection: Connection,
    *,
    login: str,
    display_name: str,
    role: str,
    password_hash: str,
    group_id: int | None = None,
) -> int:
    """A new user's id. Agents need a group. Raises BadInput when the log-in is taken or the role unknown."""
    if role not in ROLES:
        raise BadInput(f"role {role!r} is unknown: use one of {', '.join(ROLES)}")
    if role == "agent" and group_id is None:
        raise BadInput(f"agent {login!r} needs an agent group")
    try:
        return await _id(
            connection,
            "INSERT INTO app_user (login, display_name, role, password_hash, agent_group_id)"
            " VALUES ($1, $2, $3, $4, $5) RETURNING id",
            check_name("log-in", login),
            check_name("display name", display_name),
            role,
            password_hash,
            group_id,
        )
    except asyncpg.UniqueViolationError:
        raise BadInput(f"log-in {login!r} is taken: choose another") from None
    except asyncpg.ForeignKeyViolationError:
        raise BadInput(f"agent group {group_id} does not exist") from None


async def ensure_script(connection: Connection, name: str, body: str, *, language: str = "es") -> int:
    """A script of one page, published for all; the same text again makes no new version. Its id."""
    name, language = check_name("script", name), check_language(language)
    graph = {"start": "page", "steps": [{"id": "page", "title": name[:80], "say": body}]}
    same = await connection.fetchval(
        "SELECT s.id FROM script s JOIN script_version v ON v.script_id = s.id"
        " WHERE s.name = $1 AND s.language = $2 AND v.share = 100 AND v.graph = $3::text::jsonb",
        name,
        language,
        orjson.dumps(graph).decode(),
    )
    if same is None:
        await publish(connection, name, await save_draft(connection, name, graph, language=language))
    return await _id(connection, "SELECT id FROM script WHERE name = $1", name)


async def ensure_segment(connection: Connection, name: str, script_id: int | None = None) -> int:
    """A segment of debtors and the script they hear; without one, its script stays as it is."""
    return await _id(
        connection,
        "INSERT INTO segment (name, script_id) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE"
        " SET script_id = coalesce(excluded.script_id, segment.script_id) RETURNING id",
        check_name("segment", name),
        script_id,
    )


async def create_campaign(
    connection: Connection,
    *,
    name: str,
    group_id: int,
    mode: DialMode = DialMode.PROGRESSIVE,
    language: str = "es",
    rule_set: str = "laboratory",
    recording_notice: RecordingNotice = RecordingNotice.PLAYED,
    ratio: float = 1.5,
    max_lines_per_agent: float = 3.0,
    policy: PacingPolicy = PacingPolicy.PREDICTIVE,
    share: float = 1.0,
    abandon_window: AbandonWindow = AbandonWindow.DAY,
    abandon_cap: float = 0.03,
    connect_limit_s: float = 2.0,
    ring_timeout_s: int = 25,
    wrap_up_s: int = 60,
    priority: int = 0,
    screening: ScreeningSettings | None = None,
    abandoned_text: str | None = None,
    message_text: str | None = None,
    judged: bool = True,
) -> int:
    """A new campaign in DRAFT with the default dispositions; its shard is told.

    Raises BadInput, also when the rule set forbids a setting (not `judged`: whoever makes it looks himself).
    """
    heard = screening or ScreeningSettings()
    try:
        async with connection.transaction():
            campaign_id = await _id(
                connection,
                "INSERT INTO campaign (name, agent_group_id, mode, language, rule_set, recording_notice, ratio,"
                " max_lines_per_agent, abandon_cap, connect_limit_s, ring_timeout_s, wrap_up_s, priority,"
                " screening, cost_ratio, on_machine, control_share, connect_clock, late_correction, abandoned_text,"
                " message_text, policy, share, abandon_window)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,"
                " $21, $22, $23, $24)"
                " RETURNING id",
                check_name("campaign", name),
                group_id,
                mode,
                check_language(language),
                rule_set,
                recording_notice,
                ratio,
                max_lines_per_agent,
                abandon_cap,
                connect_limit_s,
                ring_timeout_s,
                wrap_up_s,
                priority,
                *(heard.mode, heard.cost_ratio, heard.on_machine, heard.control_share, heard.clock),
                heard.late_correction,
                *(abandoned_text, message_text),
                *(policy, share, abandon_window),
            )
            await connection.executemany(
                "INSERT INTO disposition (campaign_id, code, label, effect, right_party, position)"
                " VALUES ($1, $2, $3::text::jsonb, $4, $5, $6)",
                [
                    (
                        campaign_id,
                        code,
                        orjson.dumps({"es": es, "en": en, "pt": pt}).decode(),
                        effect,
                        right,
                        n,
                    )
                    for n, (code, effect, right, es, en, pt) in enumerate(DEFAULT_DISPOSITIONS)
                ],
            )
            if judged:
                await check_campaign(connection, campaign_id)
            await connection.execute("SELECT pg_notify('cadencia_campaign', $1)", str(campaign_id))
            return campaign_id
    except asyncpg.UniqueViolationError:
        raise BadInput(f"a campaign named {name!r} exists: choose another name") from None
    except asyncpg.ForeignKeyViolationError:
        raise BadInput(f"agent group {group_id} does not exist") from None
    except asyncpg.CheckViolationError as error:
        raise BadInput(f"campaign {name!r}: {error.constraint_name} refuses a setting: {error}") from None


async def check_campaign(connection: Connection, campaign_id: int, before: Campaign | None = None) -> None:
    """Raises BadInput, naming the norm, when its rules forbid what is written in a campaign now.

    What was wrong `before` in the same way keeps nobody from changing something else.
    """
    campaign = await read_campaign(connection, campaign_id)
    known: list[Breach] = []
    if before is not None:
        with suppress(BadInput):  # its rules are there no more: any others are better
            known = settings_breaches(rules_of(before), terms_of(before))
    rules = rules_of(campaign)
    found = settings_breaches(rules, terms_of(campaign))
    demand([breach for breach in found if breach not in known], rules)


async def _id(connection: Connection, statement: str, *values: object) -> int:
    return int(await connection.fetchval(statement, *values))


def check_name(what: str, text: str) -> str:
    """The name without spaces around. Raises BadInput on one that a list could not show."""
    if not text.strip() or not text.isprintable() or len(text) > 200:
        raise BadInput(f"{what} {text[:200]!r}: a name has 1 to 200 printable characters")
    return text.strip()


def check_language(code: str) -> str:
    """The language. Raises BadInput on one that the switch does not speak."""
    if code not in LANGUAGES:
        raise BadInput(f"language {code!r} is unknown: use one of {', '.join(LANGUAGES)}")
    return code
