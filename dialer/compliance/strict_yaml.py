"""YAML read strictly: what YAML 1.1 would quietly turn into something else is refused, with file, line and path.

Refused: a key twice, a key or value that is null, `on`/`off`/`yes`/`no` without quotes (booleans to YAML 1.1: a
preset once said that machine detection is `false` where `off` was written), bare times and dates (`08:00` is the
number 480, to base sixty), tags, anchors and aliases, more than one document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from dialer.domain.errors import BadInput

#: Keys and list positions from the root.
Path = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """A tree of dict, list, str, int, float and bool, and the line (from 1) on which each part of it stands."""

    file: str
    tree: object
    lines: Mapping[Path, int]

    def error(self, path: Path, message: str) -> BadInput:
        """What is wrong at `path`, naming the file, the nearest known line and the path."""
        near = path
        while near and near not in self.lines:
            near = near[:-1]
        where = ".".join(str(part) for part in path) or "the file"
        return BadInput(f"{self.file}, line {self.lines.get(near, 1)}: {where}: {message}")


def read_yaml(text: str, file: str) -> Document:
    """The document in `text`. Raises BadInput."""
    lines: dict[Path, int] = {}
    document = Document(file, None, lines)
    try:
        if any(isinstance(token, (yaml.AnchorToken, yaml.AliasToken)) for token in yaml.scan(text)):
            raise document.error((), "anchors (&) and aliases (*) are not used in a preset: write it out")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise BadInput(f"{file}, line {line}: not YAML: {getattr(error, 'problem', error)}") from None
    if root is None:
        raise document.error((), "the file is empty")
    return Document(file, _value(root, (), document, lines), lines)


def _value(node: yaml.Node, path: Path, document: Document, lines: dict[Path, int]) -> object:
    lines.setdefault(path, node.start_mark.line + 1)  # a key has said where it stands
    if isinstance(node, yaml.MappingNode):
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            lines[(*path, str(key_node.value))] = key_node.start_mark.line + 1
            if key_node.tag != f"{_TAG}str":
                raise document.error((*path, str(key_node.value)), "a key is text: put it in quotes")
            key = str(key_node.value)
            if key in found:
                raise document.error((*path, key), "this key stands here twice")
            found[key] = _value(value_node, (*path, key), document, lines)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, n), document, lines) for n, item in enumerate(node.value)]
    return _scalar(node, path, document)


def _scalar(node: yaml.Node, path: Path, document: Document) -> object:
    text = str(node.value)
    match node.tag.removeprefix(_TAG):
        case "str":
            return text
        case "bool" if text in ("true", "false"):
            return text == "true"
        case "bool":
            raise document.error(path, f"{text} is a truth value to YAML: write true, false, or quote it")
        case "int" if text.removeprefix("-").isdigit() and (
            text == "0" or not text.lstrip("-").startswith("0")
        ):
            return int(text)
        case "float" if text.removeprefix("-").replace(".", "", 1).isdigit():
            return float(text)
        case "null":
            raise document.error(path, "nothing stands here: leave the key out, or give its value")
        case kind:
            raise document.error(path, f"{text} would be read as {kind}: put it in quotes")
