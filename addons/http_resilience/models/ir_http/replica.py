import time

from odoo import models
from odoo.http import request
from odoo.tools import config

# When the session last wrote something, in seconds since 1970, rounded up.
SESSION_KEY = "http_resilience_written_at"

# What logging in writes (when, and from which device) is on no page that a replica serves.
LOGIN_PATHS = ("/web/login", "/web/session/authenticate")

# By how many seconds a replica must be past the last writing of a session: the stamp is set
# a moment before the commit, and the clocks of several servers are never quite the same.
WRITE_MARGIN = 5.0

# How many seconds a replica may be behind the primary and still serve pages.
MAX_LAG = 30.0


class IrHttp(models.AbstractModel):
    """Which pages a replica of the database may serve (Odoo's ``db_replica_host``).

    A route asks ``_may_read_replica`` through a callable ``readonly``. The answer is yes when
    the replica is at most ``MAX_LAG`` seconds behind, and has everything that this session
    has written: whoever sends a form sees the result on the next page, however slow the
    replica is. An addon that does not depend on this one asks whether ``ir.http`` has the
    method, and reads from the primary without it.
    """

    _inherit = "ir.http"

    @classmethod
    def _post_dispatch(cls, response):
        """Override of `base` to note in the session that it wrote something."""
        if cls._has_replica() and not request.env.cr.readonly:
            cls._note_writing()
        return super()._post_dispatch(response)

    @classmethod
    def _has_replica(cls):
        """Whether Odoo is configured to read from another database server at all."""
        return bool(config["db_replica_host"] or "replica" in config["dev_mode"])

    @classmethod
    def _note_writing(cls):
        """Stamp the session if this request has changed the database.

        The session is a file, and written anew by each stamp: it counts in whole seconds, and
        callers without cookies, who have no next page, get none.
        """
        session = request.session
        if not session.can_save or not request.cookies.get("session_id"):
            return
        if request.httprequest.path.endswith(LOGIN_PATHS):
            return
        # What is still in the cache is a change too; Odoo flushes right after this anyway.
        request.env.flush_all()
        request.env.cr.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        if request.env.cr.fetchone()[0]:
            session[SESSION_KEY] = int(time.time()) + 1

    @classmethod
    def _may_read_replica(cls):
        """Whether the replica that this request is connected to may answer it.

        To be called by the callable ``readonly`` of a route, before the route is entered.

        :return: False without a replica, for a request that is no mere reading, when the
            replica is too far behind, or has not yet what the session wrote
        """
        if not request.env.cr.readonly or request.httprequest.method not in ("GET", "HEAD"):
            return False
        lag = cls._get_replica_lag()
        if lag is None or lag > MAX_LAG:
            return False
        return time.time() - lag >= request.session.get(SESSION_KEY, 0) + WRITE_MARGIN

    @classmethod
    def _get_replica_lag(cls):
        """Return how many seconds old the data of the replica may be at most.

        A replica that receives and has applied all it received is up to date, however old its
        last transaction is; else what counts is the age of the last one that it applied.

        :return: float, None when it cannot be known
        """
        request.env.cr.execute(
            """
            SELECT EXTRACT(EPOCH FROM CASE
                       WHEN NOT pg_is_in_recovery() THEN interval '0'
                       WHEN pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()
                            AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN interval '0'
                       ELSE clock_timestamp() - pg_last_xact_replay_timestamp()
                   END)::float8
            """
        )
        return request.env.cr.fetchone()[0]
