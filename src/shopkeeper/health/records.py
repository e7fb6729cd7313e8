"""What an examination finds."""

from dataclasses import dataclass
from enum import StrEnum


class Light(StrEnum):
    """How bad it is: in order, to be watched, not working."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `name` is stable, for programs; `remedy` says how to mend it, empty where it is in order."""

    name: str
    light: Light
    text: str
    remedy: str = ""


def green(name: str, text: str) -> Finding:
    """A finding in order."""
    return Finding(name, Light.GREEN, text)


def yellow(name: str, text: str, remedy: str) -> Finding:
    """Something that works but deserves a look."""
    return Finding(name, Light.YELLOW, text, remedy)


def red(name: str, text: str, remedy: str) -> Finding:
    """Something that does not work, or is not safe."""
    return Finding(name, Light.RED, text, remedy)
