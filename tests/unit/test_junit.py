"""JUnit XML: its text, and the schema that Jenkins reads reports by."""

from __future__ import annotations

from pathlib import Path

import xmlschema

from sdk_hooks.core.trial import junit
from sdk_hooks.core.trial.checks import Verdict

SCHEMA = Path(__file__).parent.parent / "schemas/junit/junit-10.xsd"
NOW = "2026-01-31T10:00:00"
PROPERTIES = {"target": "root@board", "stack": "none", "digest": "sha256:1"}
GOOD = Verdict("answers", "http", True, 0.0123, "status 200", "")
BAD = Verdict("a & <b>", "command", False, 10.5, "exit 0", "exit 3, output '\x1b[1m'")

TEXT = """\
<?xml version='1.0' encoding='utf-8'?>
<testsuites tests="2" failures="1" errors="0" time="10.512">
  <testsuite name="web" tests="2" failures="1" errors="0" skipped="0" time="10.512"\
 timestamp="2026-01-31T10:00:00">
    <properties>
      <property name="target" value="root@board" />
      <property name="stack" value="none" />
      <property name="digest" value="sha256:1" />
    </properties>
    <testcase classname="web" name="answers" time="0.012" />
    <testcase classname="web" name="a &amp; &lt;b&gt;" time="10.500">
      <failure message="exit 3, output '\ufffd[1m'" type="command">expected: exit 0
seen: exit 3, output '\ufffd[1m'</failure>
    </testcase>
    <system-out>one
t\u00fco \ufffd</system-out>
  </testsuite>
</testsuites>
"""


def test_its_text() -> None:
    assert junit.xml("web", [GOOD, BAD], "one\nt\u00fco \0", PROPERTIES, NOW).decode() == TEXT


def test_it_is_what_the_schema_wants(tmp_path: Path) -> None:
    schema = xmlschema.XMLSchema10(str(SCHEMA))
    for verdicts in ([GOOD, BAD], [GOOD], []):
        path = tmp_path / "report.xml"
        path.write_bytes(junit.xml("web", verdicts, "", PROPERTIES, NOW))

        schema.validate(str(path))
