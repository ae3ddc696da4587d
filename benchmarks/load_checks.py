"""What must hold after a Monday morning, asked of the database in SQL.

Beside the invariants of tests/kit: whatever the server said was done is there, once. Each statement
selects what breaks the rule. What people were told comes as parameters, one list a column.
"""

import contextlib
import sys

import postgres
from common import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from kit.invariants import INVARIANTS

PUSHED = "unnest(%(push_feeds)s::integer[], %(push_keys)s::text[])"
FLAGGED = "unnest(%(flag_orders)s::integer[], %(flag_notes)s::text[])"
ARRIVED = "unnest(%(subjects)s::text[], %(message_ids)s::text[])"
ORDERED = """
    SELECT number, count(so.id), array_agg(so.name), array_agg(so.state)
      FROM unnest({numbers}::text[]) number
 LEFT JOIN sale_order so ON so.client_order_ref = number
  GROUP BY number
    HAVING count(so.id) != 1 OR NOT min(so.state) = ANY({states})
"""
OWN = {
    "a row that the feed has applied is in its log and in the history, once": f"""
        SELECT told.*, logged.count, changed.count
          FROM {PUSHED} told (feed_id, key)
     LEFT JOIN (SELECT feed_id, key, count(*) FROM order_flag_feed_log
                 WHERE result = 'applied' GROUP BY 1, 2) logged USING (feed_id, key)
     LEFT JOIN (SELECT feed_id, note AS key, count(*) FROM sale_order_status_history
                 WHERE source = 'feed' GROUP BY 1, 2) changed USING (feed_id, key)
         WHERE logged.count IS DISTINCT FROM 1 OR changed.count IS DISTINCT FROM 1
    """,
    "the feed has applied no row of which it did not say so": f"""
        SELECT log.feed_id, log.key
          FROM order_flag_feed_log log
     LEFT JOIN {PUSHED} told (feed_id, key) USING (feed_id, key)
         WHERE log.result = 'applied' AND log.id > %(past_log)s AND told.key IS NULL
    """,
    "a flag that a clerk has put on an order is in its history, once": f"""
        SELECT told.*, changed.count
          FROM {FLAGGED} told (order_id, note)
     FULL JOIN (SELECT order_id, note, count(*) FROM sale_order_status_history
                 WHERE source IN ('flag', 'manual') AND note LIKE 'clerk%%' GROUP BY 1, 2
               ) changed USING (order_id, note)
         WHERE told.note IS NULL OR changed.count IS DISTINCT FROM 1
    """,
    # The seller has yet to confirm what a company has ordered.
    "an order that was placed is there, once": ORDERED.format(
        numbers="%(ordered)s", states="ARRAY['sent', 'sale']"
    ),
    "a quotation that was confirmed is there, once": ORDERED.format(
        numbers="%(confirmed)s", states="ARRAY['sale']"
    ),
    "an e-mail that is called sent arrived once, by its Message-Id": f"""
        SELECT sent.row_id, sent.message_id, arrived.count
          FROM (SELECT id AS row_id, unnest(string_to_array(mail_references, ' ')) AS message_id
                  FROM sale_order_status_history
                 WHERE id > %(past)s AND mail_state = 'sent') sent
     LEFT JOIN (SELECT message_id, count(*) FROM {ARRIVED} mail (subject, message_id) GROUP BY 1
               ) arrived USING (message_id)
         WHERE arrived.count IS DISTINCT FROM 1
    """,
    "no e-mail of any kind arrived twice": f"""
        SELECT message_id, count(*) FROM {ARRIVED} mail (subject, message_id)
      GROUP BY 1 HAVING count(*) != 1
    """,
    "a row is called sent with the Message-Id of one e-mail": """
        SELECT id, mail_references FROM sale_order_status_history
         WHERE id > %(past)s AND mail_state = 'sent'
           AND cardinality(string_to_array(mail_references, ' ')) IS DISTINCT FROM 1
    """,
}
LAST_SENT = (
    "(SELECT max(id) FROM sale_order_status_history WHERE mail_state = 'sent' AND id > %(past)s)"
)
DOUBLED = "each e-mail arrives once more"
# One fault for each of them: what is asked must notice it.
SEEDS = dict(
    zip(
        OWN,
        [
            "DELETE FROM order_flag_feed_log WHERE id ="
            " (SELECT max(id) FROM order_flag_feed_log WHERE result = 'applied')",
            "INSERT INTO order_flag_feed_log (feed_id, key, result) SELECT max(feed_id), 'x',"
            " 'applied' FROM order_flag_feed_log",
            "UPDATE sale_order_status_history SET note = 'clerk' WHERE id = (SELECT max(id)"
            " FROM sale_order_status_history WHERE note LIKE 'clerk%%')",
            "UPDATE sale_order SET client_order_ref = (%(ordered)s::text[])[1] WHERE id ="
            " (SELECT max(id) FROM sale_order WHERE client_order_ref = (%(ordered)s::text[])[2])",
            "UPDATE sale_order SET state = 'draft' WHERE id = (SELECT max(id) FROM sale_order"
            " WHERE client_order_ref = ANY(%(confirmed)s))",
            f"UPDATE sale_order_status_history SET mail_references = '<x>' WHERE id = {LAST_SENT}",
            DOUBLED,
            f"UPDATE sale_order_status_history SET mail_references = mail_references || ' ' ||"
            f" mail_references WHERE id = {LAST_SENT}",
        ],
        strict=True,
    )
)
RULES = {**INVARIANTS, **OWN}


class Questions:
    """Asks the rules of a database.

    :param LoadServer server: the server; made before the run, to know what was there by then
    """

    def __init__(self, server):
        self.server = server
        self.past = {
            name: server.query(f"SELECT COALESCE(max(id), 0) FROM {table}")[0][0]
            for name, table in (
                ("past", "sale_order_status_history"),
                ("past_log", "order_flag_feed_log"),
            )
        }

    def get_parameters(self, told, mails):
        """Return what the statements need.

        :param dict told: see `Morning`
        :param list mails: `(subject, Message-Id)` of each
        """
        feeds, keys = columns(told["pushed"], 2)
        orders, notes = columns(told["flagged"], 2)
        subjects, message_ids = columns(mails, 2)
        statuses = self.server.query("SELECT DISTINCT name ->> 'en_US' FROM sale_order_status")
        ends = tuple(f": {name}" for (name,) in statuses)
        return {
            **self.past,
            "push_feeds": feeds,
            "push_keys": keys,
            "flag_orders": orders,
            "flag_notes": notes,
            "ordered": told["ordered"],
            "confirmed": told["confirmed"],
            # Odoo's own e-mails are none about a status.
            "subjects": [subject for subject in subjects if subject.endswith(ends)],
            "all_subjects": subjects,
            "message_ids": message_ids,
        }

    def ask(self, name, parameters, seed=None):
        """Return what breaks a rule, after doing `seed` for the time of the question."""
        values = dict(parameters)
        if name in OWN:
            values["subjects"] = values["all_subjects"]
        if seed == DOUBLED:
            values |= {one: values[one] * 2 for one in ("subjects", "message_ids")}
            seed = None
        with contextlib.closing(
            postgres.connect(self.server.pg, self.server.database)
        ) as connection:
            connection.autocommit = False
            with connection.cursor() as cr:
                if seed:
                    cr.execute(seed, values)
                    assert cr.rowcount, "nothing was seeded"
                cr.execute(RULES[name], values)
                return cr.fetchall()

    def find_broken(self, parameters):
        """Return in words which rules do not hold."""
        broken = []
        for name in RULES:
            if found := self.ask(name, parameters):
                broken.append(f"not true that {name}: {len(found)} times, {found[:3]}")
        return broken

    def find_blind(self, parameters):
        """Return in words which rules notice nothing when something is lost or doubled."""
        return [
            f"a fault would not be noticed: {name}"
            for name, seed in SEEDS.items()
            if not self.ask(name, parameters, seed)
        ]


def columns(rows, count):
    """Return rows as columns, also when there are none."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _number in range(count)]
