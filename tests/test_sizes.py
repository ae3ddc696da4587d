"""`make bench ARGS="--million"`: copies look as Odoo writes them, and plans are judged."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from common import PYTHON, ROOT
from database import odoo_environment, query, scratch, shell, write_config
from templates import ensure_full

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from charts import draw_chart
from plans import draw, find_faults, shape, shorten
from shape import compare
from sizes import grows

DATABASE = "test_sizes"
ORDERS = 1_000
TABLES = {"sale_order", "res_partner"}


# === THE GENERATOR ===


@pytest.fixture(scope="module")
def filled(pg):
    """A database with a thousand orders, filled as a big one is."""
    with scratch(pg, DATABASE, ensure_full(pg)):
        for step in ("plain", "addons"):
            fill(pg, step)
        yield pg


def fill(pg, step):
    config = write_config(DATABASE, DATABASE)
    command = [PYTHON, ROOT / "benchmarks" / "million.py", "fill", f"--config={config}"]
    done = subprocess.run(
        [*map(str, command), step, DATABASE, str(ORDERS)],
        cwd=ROOT,
        env=odoo_environment(pg),
        capture_output=True,
        text=True,
        check=False,
    )
    # It compares its copies with what Odoo writes, and says what differs.
    assert done.returncode == 0, done.stderr[-3000:]


def count(pg, table, condition="true"):
    return query(pg, f"SELECT count(*) FROM {table} WHERE {condition}", database=DATABASE)[0][0]


def test_there_is_as_much_as_was_asked_for(filled):
    assert ORDERS <= count(filled, "sale_order") < ORDERS * 1.05
    assert 2.9 < count(filled, "sale_order_line") / count(filled, "sale_order") <= 3
    assert count(filled, "res_partner") > ORDERS * 0.3
    assert count(filled, "account_move", "state = 'posted'") > ORDERS * 0.15
    assert count(filled, "b2b_agreement", "state = 'signed'") >= 6
    assert count(filled, "sale_order_status_history") > ORDERS


def test_amounts_of_documents_are_those_of_their_lines(filled):
    wrong = query(
        filled,
        "SELECT so.id FROM sale_order so JOIN sale_order_line l ON l.order_id = so.id"
        " GROUP BY so.id HAVING abs(so.amount_untaxed - sum(l.price_subtotal)) > 0.001",
        database=DATABASE,
    )
    wrong += query(
        filled,
        "SELECT move_id FROM account_move_line GROUP BY move_id HAVING abs(sum(balance)) > 0.001",
        database=DATABASE,
    )
    assert wrong == []


def test_an_order_status_is_that_of_its_last_history_row(filled):
    wrong = query(
        filled,
        "SELECT so.id FROM sale_order so JOIN sale_order_status_history row ON row.id = ("
        "  SELECT max(id) FROM sale_order_status_history WHERE order_id = so.id"
        "  AND status_id IS NOT NULL)"
        " WHERE row.status_id != so.order_status_id",
        database=DATABASE,
    )
    assert wrong == []


def test_odoo_goes_on_numbering_behind_the_copies(filled):
    script = """
partner = env["res.partner"].create({"name": "Next"})
orders = env["sale.order"].create([{"partner_id": partner.id}] * 3)
assert len(set(orders.mapped("name"))) == 3
for order in orders:
    assert env["sale.order"].search_count([("name", "=", order.name)]) == 1, order.name
"""
    shell(filled, DATABASE, script, "numbers are used twice")


@pytest.mark.parametrize("column", ["email", "commercial_partner_id", "complete_name"])
def test_a_column_that_is_left_empty_is_noticed(filled, column):
    script = f"""
import sys
sys.path.insert(0, {str(ROOT / "benchmarks")!r})
from copies import Copies
from odoo.tools import SQL
partners = env["res.partner"].search([("name", "like", "Sample_")], order="id", limit=3)
copies = Copies.numbered(
    env.cr, "res_partner", {{partners[0].id: partners[1:].ids}}, 10, SQL("%s", partners[0].id))
copies.insert(name=SQL("'Copy ' || plan.n"), {column}=SQL("NULL"))
found = copies.differences()
assert any("res_partner.{column}" in words and "empty" in words for words in found), found
"""
    shell(filled, DATABASE, script, "an empty column was not noticed")


def test_a_reference_to_nothing_is_noticed(filled):
    script = f"""
import sys
sys.path.insert(0, {str(ROOT / "benchmarks")!r})
from copies import Copies
from odoo.tools import SQL
env.cr.execute("SET LOCAL session_replication_role = replica")
order = env["sale.order"].search([], limit=1)
copies = Copies.numbered(env.cr, "sale_order", {{order.id: order.ids}}, 3, SQL("%s", order.id))
token = SQL("md5(plan.n::text)")
copies.insert(name=token, order_tracking_token=token, partner_id=SQL("99999999"))
assert any("partner_id: 3 rows" in words for words in copies.differences())
"""
    shell(filled, DATABASE, script, "a reference to nothing was not noticed")


# === THE COMPARISON ===


@pytest.mark.parametrize(
    ("made", "copied", "words"),
    [
        ([1, 2], [3, None], "empty"),
        ([None, None], [None, 5], "filled"),
        (["S00001", "S00002"], ["B-1", "B-2"], "text"),
        (["a@b.pl", "c@d.pl"], ["nobody", "none"], "text"),
        ([{"en_US": "A"}], [{"pl_PL": "A"}], "JSON"),
        ([7, 8], [7, 7], "always the same"),
    ],
)
def test_a_difference_is_told(made, copied, words):
    assert words in compare(made, copied)


@pytest.mark.parametrize(
    ("made", "copied"),
    [
        ([1, None], [None, 2]),
        (["S00001", "S00002"], ["S00003", "S00004"]),
        ([None, None], [None, None]),
        ([True, True], [True, True]),
    ],
)
def test_what_looks_alike_is_no_difference(made, copied):
    assert compare(made, copied) is None


# === PLANS ===


def node(kind, rows, *children, **more):
    return {"Node Type": kind, "Actual Rows": rows, "Actual Loops": 1, "Plans": children, **more}


def test_a_scan_from_end_to_end_is_a_fault():
    plan = node("Limit", 80, node("Seq Scan", 80, **{"Relation Name": "sale_order"}))
    assert find_faults(plan, TABLES) == []
    plan["Plans"][0]["Rows Removed by Filter"] = 900_000
    assert "end to end" in find_faults(plan, TABLES)[0]


def test_many_loops_are_many_rows():
    scan = node("Index Scan", 3, **{"Relation Name": "res_partner", "Index Name": "pkey"})
    scan["Actual Loops"] = 100_000
    assert "300000 rows of res_partner by pkey" in find_faults(scan, TABLES)[0]


def test_a_sort_of_a_whole_table_is_a_fault():
    scan = node("Function Scan", 1_000_000)
    assert "sorts" in find_faults(node("Sort", 80, scan), TABLES)[0]
    assert find_faults(node("Sort", 80, node("Function Scan", 5_000)), TABLES) == []


def test_a_small_table_may_be_read_as_a_whole():
    scan = node("Seq Scan", 50_000, **{"Relation Name": "res_country"})
    assert find_faults(scan, TABLES) == []


def test_a_plan_is_drawn_a_line_a_node():
    scan = node("Index Scan", 2, **{"Relation Name": "sale_order", "Index Name": "pkey"})
    lines = draw(node("Limit", 2, scan))
    assert lines[1].startswith("  Index Scan by pkey of sale_order (2 rows")


def test_lists_of_values_are_cut_and_runs_are_alike():
    assert shorten("SELECT 1 WHERE id IN (1, 2, 3, 4, 5, 6)").count(",") < 4
    assert shape("SELECT 'a', 12") == shape("SELECT 'bc', 7")


# === CHARTS ===


def test_a_chart_is_a_picture_with_a_line_a_series():
    series = {"one": [(1000, 5), (10_000, 6)], "two & three": [(1000, 1), (10_000, 12)]}
    picture = ElementTree.fromstring(draw_chart("Times", "orders", "ms", series))
    space = "{http://www.w3.org/2000/svg}"
    assert len(picture.findall(f"{space}polyline")) == 2
    words = [text.text for text in picture.findall(f"{space}text")]
    assert {"Times", "two & three", "10,000", "0 ms"} <= set(words)


@pytest.mark.parametrize(
    ("ratio", "processor", "expected"),
    [(1.4, 1.02, False), (1.05, 1.3, False), (1.2, 1.15, True), (float("inf"), 1.2, True)],
)
def test_what_only_other_work_slows_down_does_not_grow(ratio, processor, expected):
    assert grows({"surface": "page", "ratio": ratio, "processor": processor}) is expected


def test_what_broke_off_counts_as_growing():
    assert grows({"surface": "page", "ratio": float("inf")})
