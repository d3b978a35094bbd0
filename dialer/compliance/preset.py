"""A preset: the contact law of one country with its subdivisions and cities, as its YAML file says it.

Every figure carries its norm, its sources (`sources.yaml`) and how sure we are of it. What the dialer decides by is
typed (`provisions`); what people must know and do besides stands under `duties`, in words. Unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, TypeVar

import orjson
from pydantic import Field, ValidationError

from dialer.compliance.provisions import (
    Abandonment,
    CallerId,
    Confidence,
    ContactScope,
    CoolingOff,
    Hours,
    Limit,
    Message,
    MinRing,
    NothingFound,
    Part,
    Recording,
    Redial,
    Retention,
    Rules,
    Sourced,
    Src,
)
from dialer.compliance.strict_yaml import Document, read_yaml
from dialer.domain.errors import BadInput


class Subdivision(Rules):
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,4}){1,2}$")]  # ISO 3166-2, a city after it
    name: str
    zones: tuple[str, ...]


class Preset(Rules):
    format: Literal["cadencia-law/1"]
    code: str
    name: str
    version: str
    #: Shown on every screen of a campaign that runs under it, by language.
    notice: dict[str, str] = Field(default_factory=dict)
    #: An overlay adds to other jurisdictions and is none by itself.
    overlay: bool = False
    #: False in the laboratory's alone: it reaches nobody, so nothing else limits it.
    with_policy: bool = True
    zones: tuple[str, ...] = ()
    holidays: str | None = None
    subdivisions: tuple[Subdivision, ...] = ()


class Gaps(Part):
    same_phone: Annotated[int, Field(ge=0)]
    same_person_other_phone: Annotated[int, Field(ge=0)]


class Policy(Part):
    """What holds wherever the law says nothing."""

    format: Literal["cadencia-policy/1"]
    version: str
    conf: Literal["policy"]
    hours: Hours
    stop_originating_before_end_s: Annotated[int, Field(ge=0)]
    max_attempts: tuple[Limit, ...]
    after_contact_block: CoolingOff
    min_gap_between_attempts_s: Gaps
    max_in_flight_per_person: Annotated[int, Field(ge=1)]
    abandonment: Abandonment
    min_ring_s: MinRing
    abandoned_message: Message
    after_abandoned_call: Redial
    after_amd_machine: Redial
    caller_id: CallerId
    recording: Recording
    contact_scope: ContactScope
    retention: Retention


class Source(Part):
    ref: str
    url: str
    kind: str


class Sources(Part):
    format: Literal["cadencia-sources/1"]
    sources: dict[Src, Source]


Kind = TypeVar("Kind", bound=Part)


def parse(kind: type[Kind], document: Document) -> Kind:
    """The document as this kind of file. Raises BadInput naming file, line and path of the first thing wrong."""
    try:
        # As JSON, where an array may be a tuple and a text an enum member, but "3" is never 3.
        return kind.model_validate_json(orjson.dumps(document.tree), strict=True)
    except ValidationError as error:
        # A misspelt key is told before the one it leaves missing; of a union's branches the one that got furthest.
        first = min(
            error.errors(),
            key=lambda found: (found["type"] != "extra_forbidden", found["type"] == "literal_error"),
        )
        # A union's branches are no part of the path in the file.
        path = tuple(part for part in first["loc"] if not (isinstance(part, str) and _is_branch(part)))
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "no such key; is it misspelt?"
        elif first["type"] == "missing":
            message = "this key is missing"
        raise document.error(path, message) from None


def _is_branch(part: str) -> bool:
    return part.startswith(("literal[", "tuple[", "function-"))


def parse_preset(text: str, file: str) -> Preset:
    """A preset from its text. Raises BadInput."""
    document = read_yaml(text, file)
    preset = parse(Preset, document)
    known = sources()
    for path, part in _sourced(preset, ()):
        for n, src in enumerate(part.src):
            if src not in known:
                raise document.error((*path, "src", n), f"{src} is not among the sources")
    for path, rule in sourced_parts(preset):
        if rule.conf is Confidence.AGREED:
            raise document.error((*path, "conf"), "only an overlay's rules are agreed")
    return preset


def sourced_parts(part: Part) -> list[tuple[tuple[str | int, ...], Sourced]]:
    """Every rule in it, with its path."""
    return [(path, found) for path, found in _sourced(part, ()) if isinstance(found, Sourced)]


def cite(src: str) -> str:
    """What a source is called; an overlay is its own."""
    found = sources().get(src)
    return found.ref if found else src


def _sourced(
    part: Part, path: tuple[str | int, ...]
) -> list[tuple[tuple[str | int, ...], Sourced | NothingFound]]:
    found: list[tuple[tuple[str | int, ...], Sourced | NothingFound]] = []
    if isinstance(part, (Sourced, NothingFound)):
        found.append((path, part))
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Part):
            found += _sourced(value, (*path, name))
        elif isinstance(value, tuple):
            for n, item in enumerate(value):
                if isinstance(item, Part):
                    found += _sourced(item, (*path, name, n))
    return found


_FOLDER = files("dialer.compliance")


@cache
def sources() -> Mapping[str, Source]:
    """All that the presets cite, by id."""
    return parse(Sources, read_yaml((_FOLDER / "sources.yaml").read_text("utf-8"), "sources.yaml")).sources


@cache
def policy() -> Policy:
    return parse(Policy, read_yaml((_FOLDER / "policy.yaml").read_text("utf-8"), "policy.yaml"))


@cache
def preset_names() -> tuple[str, ...]:
    """The files under `presets/`, without `.yaml`."""
    found = (entry.name for entry in (_FOLDER / "presets").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


@cache
def load_preset(name: str) -> Preset:
    """The preset `name`. Raises BadInput when there is none."""
    if name not in preset_names():
        raise BadInput(f"no rules for {name!r}; there are: {', '.join(preset_names())}")
    file = f"{name}.yaml"
    preset = parse_preset((_FOLDER / "presets" / file).read_text("utf-8"), file)
    if preset.code != name:
        raise BadInput(f"{file} says code: {preset.code}; a preset carries the name of its file")
    return preset
