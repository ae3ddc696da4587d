"""The queries of a surface with their plans, and what is wrong with a plan.

`EXPLAIN (ANALYZE, BUFFERS)` runs a query a second time, where and when it was run. What is
looked at is how many rows were read, sorted and thrown away, not how long it took.
"""

import contextlib
import json
import re
from dataclasses import dataclass, field

# A table with so many rows is a big one; what a query reads of it must not grow with it.
BIG = 10_000
# Odoo counts to 10,000 and then says "10,000+": twice as much is read by no page.
READ = 20_000
QUERY = re.compile(r"\s*(SELECT|WITH)\b(?!.*\b(INSERT INTO|UPDATE \w|DELETE FROM)\b)", re.I | re.S)
# Read by every page from a cache that is cold only once: how Odoo knows its own models.
CATALOGUE = re.compile(r"\b(ir_(?!attachment)|pg_|information_schema)", re.I)
LONG_LIST = re.compile(r"((?:'[^']*'|-?\d+)(?:::\w+)?, ?){4,}")


@dataclass
class Explained:
    """A query, its plan, and what is wrong with it."""

    text: str
    plan: dict
    faults: list = field(default_factory=list)


@contextlib.contextmanager
def explaining(cursor_class, tables):
    """Explain each query on these tables that runs meanwhile.

    :param cursor_class: of Odoo, whose `execute` is watched
    :param set tables: names of the big tables
    :return: the list that the queries are added to
    """
    execute, found = cursor_class.execute, []
    wanted = re.compile(rf"\b({'|'.join(sorted(tables))})\b")

    def watch(self, query, params=None, log_exceptions=True):
        result = execute(self, query, params, log_exceptions)
        text = self._obj.query.decode(errors="replace")
        if QUERY.match(text) and wanted.search(text) and "FOR NO KEY" not in text:
            # On a cursor of its own, so that the answer of the query can still be fetched.
            with self._cnx.cursor() as other:
                other.execute(
                    f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text.rstrip().rstrip(';')}"
                )
                plan = other.fetchone()[0]
            plan = json.loads(plan) if isinstance(plan, str) else plan
            found.append(Explained(shorten(text), plan[0]["Plan"]))
        return result

    cursor_class.execute = watch
    try:
        yield found
    finally:
        cursor_class.execute = execute


def shorten(text):
    """Return a query on one line, its lists of values cut and its numbers left out."""
    text = LONG_LIST.sub(r"\1..., ", re.sub(r"\s+", " ", text).strip())
    return text if len(text) <= 600 else f"{text[:400]} ... {text[-190:]}"


def shape(text):
    """Return what two runs of one query have in common."""
    return re.sub(r"'[^']*'|\d+", "?", text)


# === WHAT IS WRONG ===


def walk(node):
    """Yield the nodes of a plan, the outermost first."""
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)


def rows_read(node):
    """Return how many rows a scan has looked at, in all its loops."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])


def find_faults(plan, tables):
    """Return in words what grows with the database.

    :param dict plan: of `EXPLAIN (ANALYZE, FORMAT JSON)`
    :param set tables: names of the big tables
    """
    faults = []
    for node in walk(plan):
        kind, table = node["Node Type"], node.get("Relation Name")
        if table in tables and kind == "Seq Scan" and rows_read(node) > READ:
            faults.append(f"reads {table} from end to end: {rows_read(node)} rows")
        elif table in tables and rows_read(node) > READ:
            index = node.get("Index Name", kind)
            faults.append(f"reads {rows_read(node)} rows of {table} by {index}")
        elif kind in ("Sort", "Incremental Sort"):
            sorted_rows = sum(child["Actual Rows"] for child in node["Plans"])
            if sorted_rows > READ:
                faults.append(f"sorts {round(sorted_rows)} rows")
    return faults


# === AS TEXT ===


def draw(plan, depth=0):
    """Return a plan as text, a line a node."""
    words = [plan["Node Type"]]
    if "Index Name" in plan:
        words.append(f"by {plan['Index Name']}")
    if "Relation Name" in plan:
        words.append(f"of {plan['Relation Name']}")
    loops = f" x {plan['Actual Loops']}" if plan["Actual Loops"] != 1 else ""
    words.append(f"({round(plan['Actual Rows'])} rows{loops}")
    if removed := plan.get("Rows Removed by Filter"):
        words.append(f"of {round(removed + plan['Actual Rows'])}")
    buffers = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
    lines = [f"{'  ' * depth}{' '.join(words)}; {buffers} buffers)"]
    for child in plan.get("Plans", ()):
        lines += draw(child, depth + 1)
    return lines


def write_down(surfaces, excused):
    """Return the queries of all surfaces with their plans as one text.

    :param dict surfaces: `{name: list of Explained}`
    :param dict excused: `{surface: why its faults stay}`
    """
    lines = []
    for name, queries in surfaces.items():
        lines += [f"## {name}", ""]
        if name in excused:
            lines += [f"Stays as it is: {excused[name]}", ""]
        seen = set()
        for query in queries:
            if shape(query.text) in seen:
                continue
            seen.add(shape(query.text))
            lines += [query.text, *(f"    {line}" for line in draw(query.plan))]
            lines += [f"    FAULT: {fault}" for fault in query.faults]
            lines.append("")
    return "\n".join(lines) + "\n"
