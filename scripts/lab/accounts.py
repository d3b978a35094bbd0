"""Telephone log-ins for tests and transcripts, minted straight into the database instead of through the API."""

import hashlib
import secrets

import asyncpg

from lab.asterisk import Account

REALM = "cadencia"


async def mint_accounts(dsn: str, count: int) -> list[Account]:
    """That many new users, each with a telephone that may register for an hour."""
    connection = await asyncpg.connect(dsn)
    try:
        return [await _mint(connection) for _ in range(count)]
    finally:
        await connection.close()


async def _mint(connection: "asyncpg.Connection[asyncpg.Record]") -> Account:
    user_id = await connection.fetchval(
        "INSERT INTO app_user (login, display_name, role, password_hash) VALUES ($1, $1, 'admin', '') RETURNING id",
        f"lab-{secrets.token_hex(6)}",
    )
    account = Account(f"agent-{user_id}", secrets.token_hex(12))
    ha1 = hashlib.md5(f"{account.user}:{REALM}:{account.password}".encode()).hexdigest()
    await connection.execute(
        "INSERT INTO sip_credential (user_id, sip_user, ha1, webrtc, expires_at)"
        " VALUES ($1, $2, $3, false, now() + interval '1 hour')",
        user_id,
        account.user,
        ha1,
    )
    return account
