"""A supervisor's whole day on the pages: a campaign, a creditor's file, the promise, and why it silences the dialer."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from browser import look

from dialer.domain.campaign import DialMode
from dialer.store.campaigns import ensure_group
from lab.demonstration import GROUP
from lab.shift import shift

#: A debt that is closed: there is a campaign with a list, and nobody in it to call.
CLOSED = (
    "referencia,nombre,telefono1,deuda,acreedor,producto,saldo,moneda\n"
    "P-1,Persona de antes,+18295550150,D-1,Financiera Inventada,Préstamo personal,0,DOP\n"
)
#: A creditor's own words in an old code page; a number that is none.
FILE = (
    "Cédula;Nombre completo;Celular;Obligación;Banco;Tipo producto;Monto;Moneda;Segmento\r\n"
    "H-1;Lucía Peña;8095550199;DH-1;Financiera Inventada;Tarjeta;2350.75;DOP;De la historia\r\n"
    "H-2;Mario Gil;12;DH-2;Financiera Inventada;Tarjeta;900;DOP;De la historia\r\n"
)
OTHER_GROUP = "Castigo"
MADE = "Tarjetas de la historia"
#: A wait ends when what is waited for comes; this only ends a hopeless one.
WAIT_MS = 90_000


async def test_from_the_file_to_the_promise(tmp_path: Path) -> None:
    before, file = tmp_path / "antes.csv", tmp_path / "cartera.csv"
    before.write_text(CLOSED, "utf-8")
    file.write_bytes(FILE.encode("cp1252"))
    due_on = (datetime.now(UTC) + timedelta(days=5)).date()
    async with shift(leads=before, mode=DialMode.PROGRESSIVE, wrap_up_s=600) as at_work:
        await ensure_group(at_work.database, OTHER_GROUP)
        people = at_work.demonstration
        agent = people.agents[0]
        seen = await look(
            "story.mjs",
            at_work,
            tmp_path,
            within_s=540,
            supervisor={"login": people.supervisor.login, "password": people.supervisor.password},
            agent={"login": agent.login, "password": agent.password},
            file=str(file),
            reference="H-1",
            due_on=due_on.isoformat(),
            campaign=MADE,
            group=GROUP,
            other_group=OTHER_GROUP,
            wait_ms=WAIT_MS,
        )
        assert "error" not in seen, (
            seen,
            at_work.stack.logs("dialer")[-2000:],
            at_work.stack.logs("api")[-2000:],
        )
        assert seen["problems"] == []
        assert [seen["checked"][name].split()[0] for name in ("new", "bad")] == ["1", "1"]
        assert seen["person"] == "Lucía Peña"
        assert "¿hablo con Lucía Peña?" in seen["first_words"]
        assert "2,350.75" in seen["second_words"]

        # The campaign is the one that was made on the page, its making is in its log, and the call was its own.
        made = await at_work.database.fetchrow(
            "SELECT campaign.*, change.after ->> 'name' AS made_as, app_user.login FROM campaign"
            " JOIN campaign_change AS change ON change.campaign_id = campaign.id"
            " JOIN app_user ON app_user.id = change.user_id WHERE campaign.id = $1",
            seen["campaign"],
        )
        assert (made["name"], made["made_as"], made["login"]) == (MADE, MADE, people.supervisor.login)
        assert (made["state"], made["rule_set"], made["wrap_up_s"]) == ("running", "laboratory", 600)
        called = await at_work.database.fetch("SELECT DISTINCT campaign_id FROM attempt")
        assert [row["campaign_id"] for row in called] == [seen["campaign"]]

        # The promise is in the person's story, with its day and its amount, and it is the database's.
        promise = await at_work.database.fetchrow("SELECT * FROM promise")
        assert (promise["amount_minor"], promise["due_on"], promise["state"]) == (235_075, due_on, "open")
        assert "2,350.75" in seen["story"]
        # Silent until its day and grace are over, on the debtor's calendar.
        assert "Prometió pagar" in seen["why"]
        assert "Se libera" in seen["why"]
        assert seen["told"]["rule"] == "promise"
        first_day = due_on + timedelta(days=promise["grace_days"] + 1)
        assert datetime.fromisoformat(seen["told"]["clears_at"]) == datetime.combine(first_day, time(), UTC)
        # The walk through the script is on record, and the agent works elsewhere now.
        steps = await at_work.database.fetch(
            "SELECT data->>'step' AS step FROM call_event WHERE type = 'ScriptStepped' ORDER BY seq"
        )
        assert [row["step"] for row in steps] == ["paso_1", "paso_2"]
        home, shard = await at_work.database.fetchrow(
            "SELECT home.name, at_work.name FROM app_user JOIN agent_group AS home ON home.id = agent_group_id"
            " JOIN agent_session ON user_id = app_user.id JOIN agent_group AS at_work ON at_work.id = shard_id"
            " WHERE login = $1",
            agent.login,
        )
        assert home == shard == OTHER_GROUP
