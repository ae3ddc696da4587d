from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.tools import SQL, hmac

KEPT = timedelta(days=1)


class OrderStatusLimit(models.Model):
    """How often strangers did something of late, counted where every server counts.

    Who it was is kept as a keyed hash, and for a day at most.
    """

    _name = "order.status.limit"
    _description = "Limit of What Is Possible Without Login"
    _log_access = False

    key = fields.Char(required=True, readonly=True)
    hits = fields.Json(required=True, readonly=True)
    last_hit = fields.Datetime(required=True, readonly=True, index=True)

    _key_uniq = models.Constraint("UNIQUE(key)", "A limit is counted once.")

    @api.model
    def _take(self, scope, who, most, span):
        """Count one use, unless there were too many already; return whether it is allowed.

        One statement looks and counts, so that of many at the same moment none gets past: the
        others wait for the row, and Odoo runs their requests again on what is then there.

        :param str scope: of what
        :param str who: an address, an order, ...
        :param int most: so many within the span
        :param timedelta span: at most a day
        :rtype: bool
        """
        now = fields.Datetime.now()
        # sudo: visitors read neither secrets nor counts
        key = hmac(self.sudo().env, f"order_status_limit:{scope}", who)
        recent = SQL(
            "jsonb_array_elements(counted.hits) hit WHERE hit::numeric > %s",
            (now - span).replace(tzinfo=UTC).timestamp(),
        )
        found = self.env.execute_query(
            SQL(
                """
                INSERT INTO order_status_limit AS counted (key, hits, last_hit)
                     VALUES (%(key)s, jsonb_build_array(%(hit)s::numeric), %(now)s)
                ON CONFLICT (key) DO UPDATE
                        SET hits = (SELECT COALESCE(jsonb_agg(hit), '[]') FROM %(recent)s)
                                   || to_jsonb(%(hit)s::numeric),
                            last_hit = %(now)s
                      WHERE (SELECT COUNT(*) FROM %(recent)s) < %(most)s
                  RETURNING id
                """,
                key=key,
                hit=now.replace(tzinfo=UTC).timestamp(),
                now=now,
                recent=recent,
                most=most,
            )
        )
        return bool(found)

    @api.autovacuum
    def _gc_limits(self):
        """Forget what counts no more."""
        self.search([("last_hit", "<", fields.Datetime.now() - KEPT)]).unlink()
