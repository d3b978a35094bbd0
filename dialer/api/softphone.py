"""The phone's own password, minted per log-in: what the browser's SIP stack registers with."""

from __future__ import annotations

import hashlib
import secrets
import string
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter

from dialer.api.auth import Agent, Config, Database
from dialer.api.problems import ProblemError
from dialer.api.schemas import Softphone, SoftphoneRequest

#: As long as a session: a phone outlives no log-in.
PASSWORD_TIME = timedelta(hours=12)
#: 24 letters and digits are 142 bits.
PASSWORD_CHARS = 24
_LETTERS = string.ascii_letters + string.digits

router = APIRouter(prefix="/softphone", tags=["session"])


@router.post("")
async def mint_softphone(
    user: Agent, pool: Database, settings: Config, wanted: SoftphoneRequest | None = None
) -> Softphone:
    """A new phone password; the one before is void. Only its digest is kept (HA1 of RFC 7616)."""
    wanted = wanted or SoftphoneRequest()
    if wanted.webrtc and not settings.sip_socket_url:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "softphone_not_configured",
            "set CADENCIA_SIP_SOCKET_URL to the switch's ws:// or wss:// address",
        )
    sip_user = f"agent-{user.me.id}"
    password = "".join(secrets.choice(_LETTERS) for _ in range(PASSWORD_CHARS))
    expires_at = datetime.now(UTC) + PASSWORD_TIME
    await pool.execute(
        """
        INSERT INTO sip_credential (user_id, sip_user, ha1, webrtc, expires_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (user_id) DO UPDATE
        SET sip_user = excluded.sip_user, ha1 = excluded.ha1, webrtc = excluded.webrtc, expires_at = excluded.expires_at
        """,
        user.me.id,
        sip_user,
        digest_password(sip_user, settings.sip_realm, password),
        wanted.webrtc,
        expires_at,
    )
    return Softphone(
        sip_user=sip_user,
        password=password,
        realm=settings.sip_realm,
        domain=settings.sip_domain,
        socket_url=settings.sip_socket_url,
        expires_at=expires_at,
    )


def digest_password(user: str, realm: str, password: str) -> str:
    """HA1 = MD5(user:realm:password), RFC 7616 section 3.4.2: what Asterisk checks instead of the password."""
    return hashlib.md5(f"{user}:{realm}:{password}".encode(), usedforsecurity=False).hexdigest()
