"""Write the switch's configuration files from the templates of `asterisk_conf`."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

# A line end starts a new setting, a semicolon a comment, `${` and `$[` are evaluated by the dialplan.
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f;]|\$\{|\$\[")


class UnsafeSetting(ValueError):
    """A setting holds characters that would change the meaning of a configuration file."""


def render(template_dir: Path, target_dir: Path, settings: Mapping[str, object]) -> list[Path]:
    """Render every `NAME.j2` of `template_dir` into `target_dir/NAME` (mode 640) and list the files.

    Raises `UnsafeSetting` for a text with control characters, `;`, `${` or `$[`, and
    `jinja2.UndefinedError` for a setting that a template names and `settings` lacks; in both cases no
    file has been written.
    """
    for name, value in _texts("", settings):
        if FORBIDDEN.search(value):
            raise UnsafeSetting(
                f"{name}: control characters, ';', '${{' and '$[' are not allowed in a setting"
            )
    environment = Environment(
        loader=FileSystemLoader(template_dir),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - these are configuration files, checked above
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    texts = {
        path.name.removesuffix(".j2"): environment.get_template(path.name).render(settings)
        for path in sorted(template_dir.glob("*.j2"))
    }
    if not texts:
        raise FileNotFoundError(f"no templates (*.j2) in {template_dir}")
    target_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        path = target_dir / name
        path.touch(mode=0o640)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _texts(name: str, value: object) -> Iterable[tuple[str, str]]:
    """Every text in nested settings with its dotted name; keys are texts too."""
    match value:
        case str():
            yield name, value
        case Mapping():
            for key, inner in value.items():
                yield f"{name} (a key)", str(key)
                yield from _texts(f"{name}.{key}".lstrip("."), inner)
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from _texts(f"{name}[{index}]", inner)
