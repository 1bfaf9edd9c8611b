"""What texts of a spec mean: numbers, sizes, times."""

from __future__ import annotations

import re


def boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def decimal(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def size(text: str) -> int:
    """Bytes: `64M`, `1.5G`, `100000`; the letters mean powers of 1024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmMgGtT]?)(?:i?[bB])?", text)
    if not match:
        raise ValueError(f"{text!r} is not a size such as 64M")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))


def duration(text: str) -> float:
    """Seconds: `10s`, `1m30s`, `500ms`, `2`."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?", text)
    if not match or not text:
        raise ValueError(f"{text!r} is not a time such as 10s or 1m30s")
    hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + millis / 1000
