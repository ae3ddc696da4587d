"""docs/withdrawal.md is right: each line of the law names tests that are there.

Reads sources only: neither Odoo nor an addon is imported.
"""

import re

import pytest
from common import ADDONS, ROOT

TEXT = (ROOT / "docs" / "withdrawal.md").read_text()
HOME = ADDONS / "order_withdrawal" / "tests"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.split("## Line by line")[1].split("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| the law")
]


def find(name):
    path = ADDONS / name if "/" in name else HOME / name
    return path.read_text()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_line_of_the_law_has_tests_that_are_there(row):
    names = re.findall(r"`([^`]+)`", row[2])
    files = [name for name in names if name.endswith(".py")]
    assert files
    sources = "\n".join(find(name) for name in files)
    missing = [n for n in names if not n.endswith(".py") and f"def {n}(" not in sources]
    assert missing == []
