"""The databases and the server of `make bench ARGS="--load"`.

The databases are kept; a run works in a copy. `load_full` is made anew when an addon has changed.
"""

import re
import sys
import threading
import time
from pathlib import Path

import psutil
from common import LOGS, ROOT, free_port, manifests, say
from database import addon_prints, clone, install, key, query, read_mark, shell, write_mark
from templates import ASSETS, ensure_plain

sys.path.insert(0, str(ROOT / "tests"))

from kit.mails import Mails
from kit.server import OdooServer

HERE = Path(__file__).resolve().parent
PLAIN, FULL = "load_plain", "load_full"
SETTINGS = {
    "workers": 2,
    "max_cron_threads": 2,
    # No worker is to be replaced while its memory is watched.
    "limit_request": 10**9,
    "limit_memory_soft": 0,
    "limit_memory_hard": 0,
    "limit_time_cpu": 600,
}
# The scheduled actions that send e-mails; all others wait for another day.
CRONS = ("order_status_flags.ir_cron_status_mail", "mail.ir_cron_mail_scheduler_action")
OTHER_DAY = """
    UPDATE ir_cron SET nextcall = now() + interval '7 days'
     WHERE id NOT IN (SELECT res_id FROM ir_model_data
                       WHERE model = 'ir.cron' AND module || '.' || name = ANY(%s))
"""
SAMPLE_PAUSE = 5


def ensure_databases(pg, orders, inside):
    """Make what is missing: the same orders in plain Odoo, and with every addon.

    :param inside: `inside(pg, command, *arguments)` runs million.py in Odoo
    """
    plain = key(orders, fingerprint(), read_mark(pg, ensure_plain(pg))["key"])
    if (read_mark(pg, PLAIN) or {}).get("key") != plain:
        say(f"Making {PLAIN}: {orders} orders")
        clone(pg, ensure_plain(pg), PLAIN)
        inside(pg, "fill", "plain", PLAIN, orders)
        fill(pg, PLAIN, "fill_plain")
        write_mark(pg, PLAIN, key=plain)
    full = key(plain, sorted(addon_prints().items()))
    if (read_mark(pg, FULL) or {}).get("key") != full:
        say(f"Making {FULL}: the same with {len(manifests())} addons")
        clone(pg, PLAIN, FULL)
        install(pg, FULL, list(manifests()))
        inside(pg, "fill", "addons", FULL, orders)
        fill(pg, FULL, "fill_addons")
        write_mark(pg, FULL, key=full)


def fingerprint():
    """Return what the data depends on."""
    files = ("load_data.py", "million_data.py", "copies.py")
    return [(HERE / name).read_text() for name in files]


def fill(pg, database, name):
    """Let load_data.py do its part, and PostgreSQL what autovacuum would do in time."""
    script = f"import sys; sys.path.insert(0, {str(HERE)!r}); import load_data\n"
    script += f"load_data.{name}(env); env.cr.commit()\n{ASSETS}"
    shell(pg, database, script, f"the people of {database} could not be made")
    # Before a server starts: it would begin with the work of a night.
    query(pg, OTHER_DAY, [list(CRONS)], database=database)
    query(pg, "VACUUM ANALYZE", database=database)


class LoadServer(OdooServer):
    """A server with workers on a copy of a database; its memory is watched.

    :param str name: of the run, for its log
    :ivar dict samples: `{worker: [(seconds since the start, MB)]}`
    """

    def __init__(self, pg, template, name):
        super().__init__(pg, "load_run", template=template, gevent_port=free_port(), **SETTINGS)
        self.log = LOGS / f"load-{name}.log"
        self.samples, self.ended = {}, threading.Event()

    def __exit__(self, *exception):
        self.ended.set()
        super().__exit__(*exception)

    # === MEMORY ===

    def find_workers(self):
        """Return the workers that there have been so far, as the log names them: kind and pid."""
        found = re.findall(r"Worker (Worker\w+) \((\d+)\) alive", self.log.read_text())
        return sorted(f"{kind} {pid}" for kind, pid in found)

    def watch_memory(self):
        """Note the memory of the workers from now on, until `ended` is set."""
        self.samples, self.ended = {name: [] for name in self.find_workers()}, threading.Event()
        threading.Thread(target=self.sample_memory, args=(self.ended,), daemon=True).start()

    def sample_memory(self, ended):
        started = time.monotonic()
        while not ended.wait(SAMPLE_PAUSE):
            for name, samples in self.samples.items():
                if psutil.pid_exists(pid := get_pid(name)):
                    memory = psutil.Process(pid).memory_info().rss / 2**20
                    samples.append((time.monotonic() - started, memory))

    # === WHAT CAME OUT ===

    def measure_processor(self):
        """Return the seconds of processor time that the processes have taken so far."""
        pids = {name: get_pid(name) for name in self.find_workers()}
        pids["mail server"] = self.processes["catcher"].pid
        return {
            name: round(sum(psutil.Process(pid).cpu_times()[:2]), 1)
            for name, pid in pids.items()
            if psutil.pid_exists(pid)
        }

    def count_waiting_mails(self):
        statement = "SELECT count(*) FROM sale_order_status_history WHERE mail_state = 'pending'"
        return self.query(statement)[0][0]

    def get_mails(self):
        """Return subject and Message-Id of each e-mail that arrived."""
        mails = Mails(self.mails, since_ever=True).all()
        return [(str(mail["Subject"]), str(mail["Message-Id"]).strip()) for mail in mails]


def get_pid(worker):
    return int(worker.split()[1])
