#!/usr/bin/env python3
"""Run PostgreSQL, the mail catcher and Odoo with demo data in the foreground, until Ctrl-C."""

import argparse
import contextlib
import subprocess
import time
import urllib.request

import erp_box
import postgres
from common import LOGS, MAILS, PYTHON, ROOT, Problem, entry, reason, say, server_ports, show
from database import ensure_demo, odoo_environment, query, write_config
from setup import missing_programs

DATABASE = "demo"
LOG, BOX_LOG = LOGS / "odoo.log", LOGS / "erp-box.log"
NOTHING = contextlib.nullcontext()
LOGINS = """
  login/password
  admin/admin      all rights
  seller/seller    sales user, no settings
  retail/retail    portal, no agreement
  buyer/buyer      portal, company with an agreement in force
  buyer2/buyer2    portal, same company as buyer
  rival/rival      portal, another company with its own agreement and prices"""


@contextlib.contextmanager
def child(command, **options):
    """Run a program beside this one; at the end stop it, first by asking, then by force."""
    # Ctrl-C reaches this script only, which stops Odoo first, the database last.
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve(pg, http_port, smtp_port):
    """Run both servers until one ends or this script is told to stop."""
    url = f"http://127.0.0.1:{http_port}"
    # Scheduled actions put this address into mails; Odoo itself learns it at the first login.
    address = "UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'"
    query(pg, address, [url], DATABASE)
    mails = {"smtp_server": "127.0.0.1", "smtp_port": smtp_port}
    config = write_config("run", DATABASE, http_port=http_port, max_cron_threads=2, **mails)
    catcher = [PYTHON, ROOT / "scripts" / "mail_catcher.py", "--port", str(smtp_port)]
    command = [PYTHON, "-m", "odoo", "server", "-c", config]
    box = erp_box.command(pg, DATABASE, url)
    with LOG.open("w") as log, BOX_LOG.open("w") as box_log, child(catcher) as mails:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        # It waits for Odoo by itself, and nothing waits for it.
        pretend = child(box, **{**quiet, "stdout": box_log, "stderr": box_log}) if box else None
        with child(command, env=odoo_environment(pg), **quiet) as odoo, pretend or NOTHING:
            announced, end = False, time.monotonic() + 120
            try:
                while odoo.poll() is mails.poll() is None and (announced or time.monotonic() < end):
                    if not announced and (announced := answers(url)):
                        announce(url, smtp_port, box)
                    time.sleep(0.3)
            finally:
                say("Stopping")
    raise Problem(
        f"{'a server ended by itself' if announced else 'Odoo does not answer'}: {reason(LOG)}"
    )


def answers(url):
    # Nobody listens yet.
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/web/login", timeout=60):
        return True


def announce(url, smtp_port, box):
    say(f"\nOdoo runs on {url}{LOGINS}")
    say(f"Mails go to {show(MAILS)}/, one line each below (SMTP on port {smtp_port})")
    if box:
        say(f"An ERP in a box takes the orders ({show(BOX_LOG)}); without it: ERP_BOX=0 make run")
    for package, effect in missing_programs().items():
        say(f"Note: {package} is not installed: {effect}. To have it: apt-get install {package}")
    say(f"Odoo's log is {show(LOG)}. Ctrl-C stops everything.\n")


@entry
def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    ports = server_ports()
    with postgres.server() as pg:
        ensure_demo(pg, DATABASE)
        # Ctrl-C is the usual way to end it.
        with contextlib.suppress(KeyboardInterrupt):
            serve(pg, *ports)


if __name__ == "__main__":
    main()
