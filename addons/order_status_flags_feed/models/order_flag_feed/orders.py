import re
import time
from dataclasses import dataclass
from itertools import takewhile

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...erp_order import digest

MAX_ORDERS = 500
# Orders that are looked at in one call and found unchanged, before a short page is returned.
MAX_LOOKED = 2000
# Not the form of the cursor of `changes`, which counts something else. What follows the place is
# there until all pages are read: when the client began anew, or the place where it asked for news.
ORDERS_CURSOR = re.compile(
    r"o(\d{1,18})\.(\d{1,18})(?:b(\d{1,10})|s(\d{1,18})\.(\d{1,18}))?", re.ASCII
)
BEGINNING = (0, 0)


@dataclass(frozen=True)
class Cursor:
    """How far a client has come, and since when it reads page after page.

    :ivar after: ``(position, note)`` up to which it has read
    :ivar since: where the pages began that it is reading. An answer may have been lost with each
        of them, and what it told may have been noted anew since: on a later page it is told again
    :ivar begun: second at which the client began anew; 0 = with this call, None = it asks for news
    """

    after: tuple
    since: tuple
    begun: int = None

    @classmethod
    def from_match(cls, found):
        position, note, begun, *since = (number and int(number) for number in found.groups())
        after = position, note
        if begun is not None:
            return cls(after, BEGINNING, begun)
        return cls(after, after if since[0] is None else tuple(since))

    def as_text(self, after, more):
        """Return the cursor of the next page, or that of whoever has read them all."""
        place = "{}.{}".format(*after)
        if not more:
            return f"o{place}"
        if self.begun is not None:
            return f"o{place}b{self.begun or int(time.time())}"
        return "o{}s{}.{}".format(place, *self.since)


@dataclass
class Candidate:
    """An order that was noted as changed, and what is known of its versions."""

    position: int
    touch: int
    order_id: int
    version: int
    digest: str
    raised: tuple
    seen_touch: int
    newest: tuple
    fetched: int
    told: tuple
    # Whether the client, which begins anew, was given it since.
    is_given_since: bool = False
    # Whether the client, which begins anew, gets it for its change alone: the filter leaves it out.
    is_left_out: bool = False
    # Whether the versions are to be written.
    is_news: bool = False
    content: dict = None

    @classmethod
    def from_row(cls, row):
        (position, touch, order_id, version, known, raised_at, raised_by, seen, *rest) = row
        newest_at, newest, fetched, told_at, told_by, is_given_since = rest
        return cls(
            position=position,
            touch=touch,
            order_id=order_id,
            version=version or 0,
            digest=known or "",
            raised=(raised_at or 0, raised_by or 0),
            seen_touch=seen or 0,
            newest=(newest_at, newest),
            fetched=fetched or 0,
            told=(told_at or 0, told_by or 0),
            is_given_since=bool(is_given_since),
        )

    def take(self, content):
        """Compare what the ERP would read with what was last given out."""
        found = digest(content)
        if found != self.digest:
            self.version += 1
            self.digest = found
            # Not the position it was found at: what is visible already and not yet settled
            # is part of the content, and a feed that stands before it must be told.
            self.raised = self.newest
            self.is_news = True
        elif self.seen_touch != self.newest[1]:
            self.is_news = True
        self.seen_touch = self.newest[1]
        self.content = {"id": content["id"], "version": self.version, **content}

    def is_told(self, since):
        """Whether the feed gets it: a version that it has not fetched, or whose answer may be lost.

        :param tuple since: as of ``Cursor``
        """
        return max(self.raised, self.told) > since or self.fetched != self.version


class OrderFlagFeed(models.Model):
    """The way out: placed orders, for the ERP to take over."""

    _inherit = "order.flag.feed"

    # === PUBLIC METHODS === #

    def orders(self, cursor=False, limit=100):
        """Return placed orders for the ERP, in the order in which they changed.

        Ask again with the ``cursor`` that was returned while ``more`` is true, and from time to
        time. Each order comes at least once; it comes again, with a higher ``version``, when
        something changed that an ERP reads, and not for a status or a flag alone.

        :param str cursor: from the call before; empty = from the beginning
        :param int limit: how many orders at most, from 1 to 500
        :return: ``{"orders": [...], "cursor": text, "more": bool}``; an order as in
            ``docs/schemas/erp-order.schema.json``
        :raise AccessError: for users who are no feed clients, or of another company
        :raise MissingError: when there is no such feed
        :raise UserError: when the cursor or the limit is none, or the feed's filter names what is
            not there any more
        """
        feed = self._get_feed_of_caller()
        place = feed._read_orders_cursor(cursor)
        feed._check_orders_limit(limit)
        if problem := feed._find_filter_problem():
            raise UserError(feed._get_filter_problem_text(problem))
        # What is noted is noted by the database. By the feed: the client may not even read the
        # currency by which an amount that is still to be written is rounded.
        feed.env.flush_all()
        border, newest = feed._get_settled_border()
        feed._check_cursor_is_ours(place.after, newest)
        found, after, more = feed._collect_orders(place, border, limit)
        return {
            "orders": [candidate.content for candidate in found],
            "cursor": place.as_text(after, more),
            "more": more,
        }

    # === THE CALL === #

    def _read_orders_cursor(self, cursor):
        if not cursor and cursor in (False, None, ""):
            return Cursor(BEGINNING, BEGINNING, begun=0)
        found = isinstance(cursor, str) and ORDERS_CURSOR.fullmatch(cursor)
        if not found:
            raise UserError(
                self.env._(
                    "“%(cursor)s” is no cursor of the orders of this feed.",
                    cursor=str(cursor)[:100],
                )
            )
        return Cursor.from_match(found)

    def _check_orders_limit(self, limit):
        if type(limit) is not int or not 1 <= limit <= MAX_ORDERS:
            raise UserError(
                self.env._("The limit must be a number from 1 to %(cap)s.", cap=MAX_ORDERS)
            )

    # === COLLECTING === #

    def _collect_orders(self, place, border, limit):
        """Return ``(candidates that are told, place behind them, whether there may be more)``."""
        found, looked, after, more = [], [], place.after, True
        while more and len(found) < limit and len(looked) < MAX_LOOKED:
            wanted = limit - len(found)
            candidates = self._find_candidates(place, after, border, wanted + 1)
            more = len(candidates) > wanted
            page = candidates[:wanted]
            told = self._judge_candidates(page, place)
            # The first call names no moment: were its answer lost, what it brings but once would
            # not come again. The page ends before that; the cursor of the next one has the moment.
            end = next((one for one in told if one.is_left_out), None) if place.begun == 0 else None
            page, told = self._cut_page(page, end), self._cut_page(told, end)
            looked += page
            found += told
            if looked:
                after = looked[-1].position, looked[-1].touch
            if end:
                more = True
                break
        if not more:
            # All that lies below the border was seen, also where nothing was for this feed.
            after = max(after, (border[0], 0))
        self._write_down(looked, found)
        return found, after, more

    def _cut_page(self, candidates, end):
        """Return the candidates before one of them, all when there is none."""
        return [*takewhile(lambda candidate: candidate is not end, candidates)]

    def _find_candidates(self, place, after, border, limit):
        """Return the next orders that were noted as changed and match the feed's filter.

        Of several notes of an order the last settled one counts. Left out is what was looked at
        before and is the version that the feed has fetched, unless its answer may be lost: most of
        what is noted is no change. Who begins anew gets all that matches.

        :param Cursor place: that the client sent
        :param tuple after: where to go on
        :param tuple border: as of ``_get_settled_border``
        :param int limit: how many at most
        """
        # sudo: a feed gets what its filter says
        wanted = self.env["sale.order"].sudo()._search(self._get_news_domain(place.begun))
        if wanted.is_empty():
            return []
        wanted.add_where("sale_order.id = touch.order_id")
        # Keeps the join one look by id for each note, in the notes' order.
        wanted.limit = 1
        position, with_own = border
        rows = self.env.execute_query(
            SQL(
                """
                SELECT touch.feed_position, touch.id, touch.order_id,
                       known.version, known.digest, known.raised_position, known.raised_touch,
                       known.seen_touch, newest.feed_position, newest.id,
                       fetched.version, fetched.told_position, fetched.told_touch,
                       fetched.date >= to_timestamp(%(begun)s) AT TIME ZONE 'UTC'
                  FROM sale_order_erp_touch touch
             LEFT JOIN sale_order_erp_version known ON known.order_id = touch.order_id
             LEFT JOIN order_flag_feed_fetch fetched
                    ON fetched.order_id = touch.order_id AND fetched.feed_id = %(feed)s
            CROSS JOIN LATERAL (%(wanted)s) wanted
            CROSS JOIN LATERAL (
                           SELECT feed_position, id
                             FROM sale_order_erp_touch
                            WHERE order_id = touch.order_id
                         ORDER BY feed_position DESC
                            LIMIT 1
                       ) newest
                 WHERE (touch.feed_position, touch.id) > (%(position)s, %(touch)s)
                   AND touch.feed_position < %(border)s
                   AND NOT EXISTS (
                       SELECT FROM sale_order_erp_touch later
                        WHERE later.order_id = touch.order_id
                          AND later.feed_position > touch.feed_position
                          AND later.feed_position < %(border)s
                       )
                   AND (known.seen_touch IS DISTINCT FROM newest.id
                        OR fetched.version IS DISTINCT FROM known.version
                        OR (known.raised_position, known.raised_touch)
                           > (%(since_position)s, %(since_touch)s)
                        OR (fetched.told_position, fetched.told_touch)
                           > (%(since_position)s, %(since_touch)s))
              ORDER BY touch.feed_position, touch.id
                 LIMIT %(limit)s
                """,
                wanted=wanted.select(),
                feed=self.id,
                begun=place.begun or None,
                position=after[0],
                touch=after[1],
                border=position + bool(with_own),
                since_position=place.since[0],
                since_touch=place.since[1],
                limit=limit,
            )
        )
        return [Candidate.from_row(row) for row in rows]

    def _get_news_domain(self, begun):
        """Return the domain of the orders of which this ERP gets news.

        What it was given once it has, whether or not the filter still lets it in: that it was
        cancelled must reach it. Who begins anew gets such an order, on each page, only where it
        has changed since; once more where it was given since then, as that answer may be lost.

        By the names of the query in ``_find_candidates``: to ask again costs more.

        :param int begun: as of ``Cursor``
        :rtype: Domain
        """
        given = SQL("fetched.order_id IS NOT NULL")
        if begun is not None:
            again = SQL("OR fetched.date >= to_timestamp(%s) AT TIME ZONE 'UTC'", begun)
            given = SQL(
                """
                (%s AND ((fetched.version, touch.id)
                         IS DISTINCT FROM (known.version, known.seen_touch) %s))
                """,
                given,
                again if begun else SQL(),
            )
        was_given = Domain.custom(to_sql=lambda _model, _alias, _query: given)
        company = Domain("company_id", "=", self.company_id.id)
        return (self._get_export_domain() | was_given) & company

    def _judge_candidates(self, candidates, place):
        """Number the versions of these candidates, and return those that the feed is told.

        :param Cursor place: that the client sent
        """
        if not candidates:
            return []
        # sudo: a feed gets what its filter says. One language: the content makes the version,
        # whoever asks.
        orders = self.env["sale.order"].sudo().with_context(lang=self._get_export_language())
        orders = orders.browse([candidate.order_id for candidate in candidates])
        for candidate, content in zip(candidates, orders._prepare_erp_orders(), strict=True):
            candidate.take(content)
        told = [candidate for candidate in candidates if candidate.is_told(place.since)]
        return told if place.begun is None else self._leave_out_unchanged(told)

    def _leave_out_unchanged(self, candidates):
        """Return those of these that whoever begins anew is told.

        Not what the filter leaves out and the ERP has as it is: only its content says that a note
        was no change. Again what was given since, as that answer may be lost.
        """
        given = [candidate.order_id for candidate in candidates if candidate.fetched]
        if not given:
            return candidates
        # sudo: a feed gets what its filter says
        orders = self.env["sale.order"].sudo()
        wanted = orders.search(self._get_export_domain() & Domain("id", "in", given))
        left_out = set(given) - set(wanted.ids)
        for candidate in candidates:
            candidate.is_left_out = candidate.order_id in left_out
        return [
            candidate
            for candidate in candidates
            if not candidate.is_left_out
            or candidate.is_given_since
            or candidate.fetched != candidate.version
        ]

    def _get_export_language(self):
        return self.company_id.partner_id.lang or "en_US"

    # === WRITING DOWN === #

    def _write_down(self, looked, found):
        """Keep versions, what the ERP was given, and that it has asked, in one statement.

        Two calls that number the same order at once: the later one gets a serialization failure,
        and Odoo runs it again.

        :param list looked: candidates that were looked at
        :param list found: those of them that are told
        """
        parts = [
            *self._get_version_parts([candidate for candidate in looked if candidate.is_news]),
            *self._get_fetch_parts(found),
        ]
        self.env.cr.execute(
            SQL(
                # A push of this feed that is under way holds the row: the moment of the last
                # fetch is not worth waiting for it.
                """
                %s UPDATE order_flag_feed SET last_fetch = %s
                    WHERE id IN (
                          SELECT id FROM order_flag_feed WHERE id = %s
                             FOR NO KEY UPDATE SKIP LOCKED
                          )
                """,
                SQL("WITH %s", SQL(", ").join(parts)) if parts else SQL(),
                fields.Datetime.now(),
                self.id,
            )
        )
        self.invalidate_recordset(["last_fetch"])
        self.env["order.flag.feed.fetch"].invalidate_model()

    def _get_version_parts(self, candidates):
        rows = SQL(", ").join(
            (row.order_id, row.version, row.digest, *row.raised, row.seen_touch)
            for row in candidates
        )
        if candidates:
            yield SQL(
                """
                versions AS (
                    INSERT INTO sale_order_erp_version
                                (order_id, version, digest, raised_position, raised_touch,
                                 seen_touch)
                         VALUES %s
                    ON CONFLICT (order_id)
                      DO UPDATE SET version = EXCLUDED.version,
                                    digest = EXCLUDED.digest,
                                    raised_position = EXCLUDED.raised_position,
                                    raised_touch = EXCLUDED.raised_touch,
                                    seen_touch = EXCLUDED.seen_touch
                )
                """,
                rows,
            )

    def _get_fetch_parts(self, candidates):
        now = fields.Datetime.now()
        rows = SQL(", ").join(
            (self.id, row.order_id, row.version, now, row.position, row.touch) for row in candidates
        )
        if candidates:
            yield SQL(
                """
                fetches AS (
                    INSERT INTO order_flag_feed_fetch
                                (feed_id, order_id, version, date, told_position, told_touch)
                         VALUES %s
                    ON CONFLICT (feed_id, order_id)
                      DO UPDATE SET version = EXCLUDED.version,
                                    date = EXCLUDED.date,
                                    told_position = EXCLUDED.told_position,
                                    told_touch = EXCLUDED.told_touch
                )
                """,
                rows,
            )
