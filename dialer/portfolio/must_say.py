"""Which words a rule set wants said to the debtor, as the codes that a script's steps tick."""

from __future__ import annotations

import re

from dialer.compliance.preset import load_preset, preset_names
from dialer.compliance.provisions import Topic

_TOPICS = (Topic.MUST_SAY, Topic.FIRST_CONTACT_MUST_SAY)
#: `items: agency name, agent name` or `debt collector disclosure each communication: yes`.
_EACH = re.compile(r"\s+(each|every) \w+$")


def must_say(rule_set: str) -> tuple[str, ...]:
    """The compulsory notices of a rule set (a subdivision's are its country's); none where the law has none."""
    country = rule_set.split("-", 1)[0]
    if country not in preset_names():
        return ()
    found: dict[str, None] = {}
    for duty in load_preset(country).duties:
        if duty.about not in _TOPICS:
            continue
        for part in duty.says.split(";"):
            key, _, value = part.partition(":")
            items = value.split(",") if key.strip() == "items" else [_EACH.sub("", key.strip())]
            found |= dict.fromkeys(
                re.sub(r"[^a-z0-9]+", "_", item.strip().lower()).strip("_") for item in items
            )
    return tuple(found)
