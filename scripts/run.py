#!/usr/bin/env python3
"""Run PostgreSQL, the mail catcher and Odoo with demo data in the foreground, until Ctrl-C."""

import argparse
import contextlib
import subprocess
import time
import urllib.request

import postgres
from common import LOGS, MAILS, PYTHON, ROOT, Problem, entry, say, server_ports, show, telling_line
from database import ensure_demo, odoo_environment, query, write_config
from setup import missing_programs

DATABASE = "demo"
LOG = LOGS / "odoo.log"
LOGINS = {
    "admin": "all rights",
    "seller": "sales user, no settings",
    "retail": "portal, no agreement",
    "buyer": "portal, company with an agreement in force",
    "buyer2": "portal, same company as buyer",
    "rival": "portal, another company with its own agreement and prices",
}


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


def odoo_command(pg, url, http_port, smtp_port):
    """Return the command that starts Odoo with its scheduled actions on and mails caught."""
    # Scheduled actions put this address into mails; Odoo itself learns it at the first login.
    address = "UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'"
    query(pg, address, [url], DATABASE)
    mails = {"smtp_server": "127.0.0.1", "smtp_port": smtp_port}
    config = write_config("run", DATABASE, http_port=http_port, max_cron_threads=2, **mails)
    return [PYTHON, "-m", "odoo", "server", "-c", config]


def wait_for(odoo, url, seconds=120):
    """Wait until Odoo answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and odoo.poll() is None:
        # Nobody listens yet.
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/web/login", timeout=60):
            return
        time.sleep(0.3)
    raise Problem(f"Odoo does not answer: {telling_line(LOG)} (all of it: {show(LOG)})")


def announce(pg, url, smtp_port):
    logins = "SELECT login FROM res_users WHERE active AND login = ANY(%s)"
    present = {login for (login,) in query(pg, logins, [list(LOGINS)], DATABASE)}
    say(f"\nOdoo runs on {url}\n  login/password")
    for login, who in LOGINS.items():
        if login in present:
            say(f"  {f'{login}/{login}':<16} {who}")
    say(f"Mails go to {show(MAILS)}/, one line each below (SMTP on port {smtp_port})")
    for package, effect in missing_programs().items():
        say(f"Note: {package} is not installed: {effect}. To have it: apt-get install {package}")
    say(f"Odoo's log is {show(LOG)}. Ctrl-C stops everything.\n")


def serve(pg, http_port, smtp_port):
    """Run both servers until one ends or this script is told to stop."""
    url = f"http://127.0.0.1:{http_port}"
    catcher = [PYTHON, ROOT / "scripts" / "mail_catcher.py", "--port", str(smtp_port)]
    command = odoo_command(pg, url, http_port, smtp_port)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(LOG.open("w"))
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        mails = stack.enter_context(child(catcher))
        odoo = stack.enter_context(child(command, env=odoo_environment(pg), **quiet))
        stack.callback(say, "Stopping")
        wait_for(odoo, url)
        announce(pg, url, smtp_port)
        while odoo.poll() is None and mails.poll() is None:
            time.sleep(0.5)
        raise Problem(f"a server ended by itself: {telling_line(LOG)} (all of it: {show(LOG)})")


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup-only", action="store_true", help="make the database and stop")
    options = parser.parse_args()
    ports = server_ports()
    with postgres.server() as pg:
        ensure_demo(pg, DATABASE)
        if not options.setup_only:
            # Ctrl-C is the usual way to end it.
            with contextlib.suppress(KeyboardInterrupt):
                serve(pg, *ports)


if __name__ == "__main__":
    main()
