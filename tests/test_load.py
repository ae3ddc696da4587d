"""`make bench ARGS="--load"`: what is lost or doubled is noticed, and a memory that grows.

The rules are asked of tables with nothing but the columns that they read.
"""

import functools
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from database import query, scratch

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from load_checks import OWN, SEEDS, Questions
from load_watch import (
    count_retries,
    describe_memory,
    find_faults_of_log,
    find_faults_of_memory,
    measure_growth,
    percentile,
    summarize,
)

DATABASE = "test_load"
TABLES = """
    CREATE TABLE sale_order_status (id serial, name jsonb);
    CREATE TABLE sale_order (id serial, name text, client_order_ref text, state text);
    CREATE TABLE order_flag_feed_log (id serial, feed_id integer, key text, result text);
    CREATE TABLE sale_order_status_history (
        id serial, order_id integer, feed_id integer, source text, note text, mail_state text,
        mail_references text);
    INSERT INTO sale_order_status (name) VALUES ('{"en_US": "Packed"}');
    INSERT INTO order_flag_feed_log (feed_id, key, result) VALUES (1, 'before', 'applied');
    INSERT INTO sale_order_status_history (order_id, source, note, mail_state)
    VALUES (1, 'feed', 'before', 'sent')
"""
MORNING = """
    INSERT INTO sale_order (name, client_order_ref, state)
    VALUES ('S1', 'buyer0/1', 'sent'), ('S2', 'buyer0/2', 'sale'), ('S3', 'clerk0/1', 'sale');
    INSERT INTO order_flag_feed_log (feed_id, key, result)
    VALUES (1, 'erp0/1', 'applied'), (1, 'erp0/2', 'applied'), (1, 'erp0/3', 'refused');
    INSERT INTO sale_order_status_history
        (order_id, feed_id, source, note, mail_state, mail_references)
    VALUES (1, 1, 'feed', 'erp0/1', 'sent', '<a@x>'),
           (2, 1, 'feed', 'erp0/2', 'superseded', NULL),
           (1, NULL, 'flag', 'clerk0/2', 'sent', '<b@x>'),
           (2, NULL, 'flag', 'clerk0/2', 'none', NULL)
"""
TOLD = {
    "pushed": [(1, "erp0/1"), (1, "erp0/2")],
    "flagged": [(1, "clerk0/2"), (2, "clerk0/2")],
    "ordered": ["buyer0/1", "buyer0/2"],
    "confirmed": ["clerk0/1"],
}
MAILS = [
    ("Order S1: Packed", "<a@x>"),
    ("Order S1: Packed", "<b@x>"),
    ("Your order", "<c@x>"),
]


@pytest.fixture(scope="module")
def questions(pg):
    """The questions to a database after a morning in which all went well."""
    with scratch(pg, DATABASE):
        ask = functools.partial(query, pg, database=DATABASE)
        ask(TABLES)
        server = SimpleNamespace(pg=pg, database=DATABASE, query=ask)
        questions = Questions(server)
        ask(MORNING)
        yield questions


@pytest.mark.parametrize("name", OWN)
def test_rule_holds_after_a_good_morning(questions, name):
    assert not questions.ask(name, questions.get_parameters(TOLD, MAILS))


@pytest.mark.parametrize("name", OWN)
def test_rule_notices_a_fault(questions, name):
    assert questions.ask(name, questions.get_parameters(TOLD, MAILS), SEEDS[name])


LOST = {
    "pushed": "a row that the feed has applied is in its log and in the history, once",
    "flagged": "a flag that a clerk has put on an order is in its history, once",
    "ordered": "an order that was placed is there, once",
    "confirmed": "a quotation that was confirmed is there, once",
}


@pytest.mark.parametrize("what", LOST)
def test_what_people_were_told_and_is_not_there_is_noticed(questions, what):
    one = "lost" if isinstance(TOLD[what][0], str) else (1, "lost")
    told = {**TOLD, what: [*TOLD[what], one]}
    found = questions.ask(LOST[what], questions.get_parameters(told, MAILS))
    assert len(found) == 1 and "lost" in found[0]


def test_mail_that_did_not_arrive_is_noticed(questions):
    name = "an e-mail that is called sent arrived once, by its Message-Id"
    found = questions.ask(name, questions.get_parameters(TOLD, MAILS[1:]))
    assert [row[1] for row in found] == ["<a@x>"]


def test_rules_hold_of_a_run_without_clerks_and_buyers(questions):
    parameters = questions.get_parameters(dict.fromkeys(TOLD, []), [])
    assert not questions.ask("an order that was placed is there, once", parameters)
    assert not questions.ask("no e-mail of any kind arrived twice", parameters)


# === WHAT IS WATCHED ===


def test_percentile_is_a_value_that_was_measured():
    values = list(range(1, 101))
    assert [percentile(values, share) for share in (50, 95, 99)] == [50, 95, 99]
    assert percentile([7], 99) == 7
    assert percentile([3, 1, 2], 50) == 2


def test_summary_is_in_milliseconds():
    assert summarize({"page": [0.1, 0.2]}) == {
        "page": {"number": 2, "p50": 100, "p95": 200, "p99": 200}
    }


def test_memory_that_fills_its_caches_first_is_flat():
    samples = [(moment, min(100 + moment, 200)) for moment in range(0, 600, 5)]
    assert abs(measure_growth(samples)) < 0.5


def test_memory_that_goes_on_growing_is_a_fault():
    samples = [(moment, 150 + moment / 20) for moment in range(0, 600, 5)]
    assert measure_growth(samples) == pytest.approx(100 * 14.75 / 165, abs=0.5)
    assert (
        len(find_faults_of_memory(describe_memory({"WorkerHTTP 1": samples, "b": [(0, 9)]}))) == 1
    )


def test_errors_of_the_log_are_found():
    text = (
        "2026-11-27 00:10:00,000 12 INFO db odoo.http: could not serialize, 4 tries left, try again"
        " in 1.2 sec...\n2026-11-27 00:10:01,000 12 ERROR db odoo.http: bad\nTraceback (most recent"
        " call last):\n  File\n"
    )
    silent = (
        "2026-11-27 00:10:02,000 12 ERROR ? werkzeug: 127.0.0.1 - - Request timed out: timed out\n"
    )
    repeated = (
        "2026-11-27 00:10:03,000 12 ERROR db odoo.sql_db: bad query: b'UPDATE'\n"
        "ERROR: could not serialize access due to concurrent update\n"
    )
    assert len(find_faults_of_log(silent + repeated + text)) == 2
    assert count_retries(text) == 1
