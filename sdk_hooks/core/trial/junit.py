"""The report of a test run as JUnit XML, as Jenkins and GitLab read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sdk_hooks.core.trial.checks import Verdict

# Everything that XML 1.0 can't have, such as the escape of a colour.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml(name: str, verdicts: Sequence[Verdict], log: str, properties: dict[str, str], now: str) -> bytes:
    """One suite called *name*.

    :param log: The last output of the container.
    :param now: When the run began, in UTC as 2026-01-31T10:00:00.
    """
    failed = sum(not verdict.passed for verdict in verdicts)
    counts = {"tests": str(len(verdicts)), "failures": str(failed), "errors": "0"}
    seconds = {"time": f"{sum(verdict.seconds for verdict in verdicts):.3f}"}
    suites = Element("testsuites", {**counts, **seconds})
    suite = SubElement(
        suites, "testsuite", {"name": name, **counts, "skipped": "0", **seconds, "timestamp": now}
    )
    listed = SubElement(suite, "properties")
    for key, value in properties.items():
        SubElement(listed, "property", {"name": key, "value": _text(value)})
    for verdict in verdicts:
        _case(suite, name, verdict)
    if log:
        SubElement(suite, "system-out").text = _text(log)
    indent(suites)
    return bytes(tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: Element, name: str, verdict: Verdict) -> None:
    case = SubElement(
        suite,
        "testcase",
        {"classname": name, "name": _text(verdict.name), "time": f"{verdict.seconds:.3f}"},
    )
    if not verdict.passed:
        failure = SubElement(case, "failure", {"message": _text(verdict.seen), "type": verdict.kind})
        failure.text = _text(f"expected: {verdict.expected}\nseen: {verdict.seen}")


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
