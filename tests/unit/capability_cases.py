"""Values of cap_add and cap_drop in container.yaml: what they mean, and what is said of wrong ones."""

from __future__ import annotations

GOOD = [
    ("cap_add: [net_admin, CAP_SYS_NICE]", "cap_add", ("CAP_NET_ADMIN", "CAP_SYS_NICE")),
    ("cap_drop: [all]", "cap_drop", ("ALL",)),
    ("cap_drop: [CHOWN]", "cap_drop", ("CAP_CHOWN",)),
]
BAD = [
    (
        "cap_add: [ALL]",
        "1:11",
        "'cap_add': 'ALL' is not a capability such as NET_ADMIN",
        "cap_add wants a name such as NET_ADMIN",
    ),
    (
        "cap_drop: [SYS]",
        "1:12",
        "'cap_drop': 'SYS' is not a capability such as NET_ADMIN",
        "cap_drop wants a name such as CHOWN, or ALL",
    ),
]
