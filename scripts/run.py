#!/usr/bin/env python3
"""Run PostgreSQL, the mail catcher and Odoo with demo data in the foreground, until Ctrl-C."""

import argparse
import subprocess
import time
import urllib.error
import urllib.request

import postgres
from common import (
    LOGS,
    MAILS,
    PYTHON,
    ROOT,
    Problem,
    entry,
    running,
    say,
    server_ports,
    show,
    telling_line,
)
from database import ensure_demo, odoo_environment, query, write_config

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


def start_catcher(port):
    command = [PYTHON, ROOT / "scripts" / "mail_catcher.py", "--port", str(port)]
    return subprocess.Popen(command, start_new_session=True)


def start_odoo(pg, http_port, smtp_port):
    """Start Odoo with its scheduled actions on; its mails go to the catcher."""
    url = f"http://127.0.0.1:{http_port}"
    # Scheduled actions put this address into mails; Odoo itself learns it at the first login.
    query(
        pg,
        "UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'",
        [url],
        DATABASE,
    )
    config = write_config(
        "run",
        DATABASE,
        http_port=http_port,
        smtp_server="127.0.0.1",
        smtp_port=smtp_port,
        max_cron_threads=2,
    )
    command = [PYTHON, "-m", "odoo", "server", "-c", config]
    with LOG.open("w") as log:
        return subprocess.Popen(
            command,
            env=odoo_environment(pg),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C reaches this script only, which stops Odoo first, the database last.
            start_new_session=True,
        )


def wait_for(odoo, url, seconds=120):
    """Wait until Odoo answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if odoo.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/web/login", timeout=60):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise Problem(f"Odoo does not answer: {telling_line(LOG)} (all of it: {show(LOG)})")


def stop(process):
    """Stop a child: first by asking, then by force."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def announce(pg, url, smtp_port):
    rows = query(
        pg, "SELECT login FROM res_users WHERE active AND login = ANY(%s)", [list(LOGINS)], DATABASE
    )
    present = {login for (login,) in rows}
    say("")
    say(f"Odoo runs on {url}")
    say("  login/password")
    for login, who in LOGINS.items():
        if login in present:
            say(f"  {f'{login}/{login}':<16} {who}")
    say(f"Mails go to {show(MAILS)}/, one line each below (SMTP on port {smtp_port})")
    say(f"Odoo's log is {show(LOG)}. Ctrl-C stops everything.")
    say("")


def serve(pg, http_port, smtp_port, known):
    """Run both servers until one ends or this script is told to stop.

    :param known: the `Children` that `make stop` knows
    """
    children = []
    url = f"http://127.0.0.1:{http_port}"
    try:
        children.append(known.add(start_catcher(smtp_port)))
        children.append(known.add(start_odoo(pg, http_port, smtp_port)))
        wait_for(children[1], url)
        announce(pg, url, smtp_port)
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        raise Problem(f"a server ended by itself: {telling_line(LOG)} (all of it: {show(LOG)})")
    except KeyboardInterrupt:
        # The usual way to end it.
        return
    finally:
        say("Stopping")
        for child in reversed(children):
            stop(child)


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup-only", action="store_true", help="make the database and stop")
    options = parser.parse_args()
    http_port, smtp_port = server_ports()
    with running() as known, postgres.server() as pg:
        ensure_demo(pg, DATABASE)
        if not options.setup_only:
            serve(pg, http_port, smtp_port, known)


if __name__ == "__main__":
    main()
