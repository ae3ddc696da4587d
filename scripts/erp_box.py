"""The pretend ERP beside the demo database: its feed, its key, and the command that runs it."""

import os

from common import PYTHON, ROOT, STATE, Problem, write_atomic
from database import query, shell

PROGRAM = ROOT / "clients" / "erp_box" / "erp_box.py"
FEED = """
from datetime import datetime, timedelta
from pathlib import Path

flag = env.ref("order_status_flags.flag_in_progress")
feed = env["order.flag.feed"].create({{
    "name": "ERP in a box",
    "system": "other",
    "order_ref_field": "name",
    "mapping_ids": [(0, 0, {{"external_flag": "W trakcie realizacji", "flag_id": flag.id}})],
}})
key = feed._make_client_key(datetime.utcnow() + timedelta(days=365))
env.cr.commit()
Path({path!r}).write_text(f"{{feed.id}} {{key}}")
"""


def folder(pg, database):
    """Return where its settings and books lie: of this very database, not of one before it."""
    [(oid,)] = query(pg, "SELECT oid FROM pg_database WHERE datname = %s", [database])
    return STATE / "erp-box" / str(oid)


def command(pg, database, url):
    """Return the command that runs it; its feed is made the first time.

    :param str url: of Odoo
    :return: None when `ERP_BOX=0` leaves it out
    """
    if os.environ.get("ERP_BOX") == "0":
        return None
    place = folder(pg, database)
    if not (place / "erp_box.ini").exists():
        make_feed(pg, database, place)
    return [PYTHON, PROGRAM, "--config", place / "erp_box.ini", "--books",
            place / "erp_box.sqlite", "--url", url, "--delete-every", "8", "run"]  # fmt: skip


def make_feed(pg, database, place):
    place.mkdir(parents=True, exist_ok=True)
    note = place / "key"
    note.touch(0o600)
    shell(pg, database, FEED.format(path=str(note)), "the feed of the pretend ERP was not made")
    feed, _blank, key = note.read_text().partition(" ")
    note.unlink()
    if not key:
        raise Problem("the feed of the pretend ERP has no key")
    text = f"[odoo]\nurl = http://127.0.0.1:8069\nfeed = {feed}\nkey = {key}\n"
    write_atomic(place / "erp_box.ini", text, mode=0o600)
