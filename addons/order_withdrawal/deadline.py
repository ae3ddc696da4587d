"""The last day of a withdrawal period: plain dates, no database.

Regulation (EEC, Euratom) No 1182/71, Article 3: the day of the event does not count, and a period
whose last day is a public holiday, a Sunday or a Saturday ends with the next working day.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytz

from odoo.addons.order_status_flags.promise import day_of

SATURDAY = 5
DAY = timedelta(days=1)
# A calendar that knows nothing but holidays must not keep us for ever.
MOST_DAYS_MOVED = 60


@dataclass(frozen=True)
class Deadline:
    """The last day of a period, and how it comes about.

    :ivar last_day: None while the period has not begun
    :ivar first_day: the day of the event, which does not count; None without one
    :ivar event: code of what the period begins with: ``delivery``, ``order``, ``goods_to_come``
    :ivar moved_over: the days at the end that were no working days
    """

    last_day: date | None
    first_day: date | None = None
    event: str = "goods_to_come"
    days: int = 0
    zone: str = "UTC"
    moved_over: tuple[date, ...] = field(default=())

    def is_over(self, moment):
        """Whether the last whole day has passed, where the customer lives.

        :param datetime moment: UTC, without zone, as Odoo keeps it
        """
        return self.last_day is not None and day_of(moment, self.zone) > self.last_day


def get_deadline(moment, days, zone, holidays=frozenset(), event="order"):
    """Return the deadline of a period that begins at a moment.

    :param datetime moment: UTC, without zone, as Odoo keeps it
    :param int days: length of the period
    :param str zone: time zone of the customer, in which days are counted
    :param holidays: dates on which no period ends
    :param str event: what the period begins with
    :rtype: Deadline
    """
    first_day = day_of(moment, zone)
    last_day, moved_over = go_on(first_day, timedelta(days=days)), []
    while not is_working_day(last_day, holidays) and len(moved_over) < MOST_DAYS_MOVED:
        moved_over.append(last_day)
        last_day = go_on(last_day, DAY)
    return Deadline(last_day, first_day, event, days, zone, tuple(moved_over))


def is_working_day(day, holidays):
    """Whether a period may end on this day."""
    return day.weekday() < SATURDAY and day not in holidays


def go_on(moment, span):
    """Return what comes so much later, at most the end of the calendar.

    :param moment: date or datetime
    :param timedelta span: not negative
    """
    last = type(moment).max
    return moment + span if span <= last - moment else last


def get_zone(country_code, *preferred, default="UTC"):
    """Return the time zone of a customer: a preferred one of the country, else its first.

    Countries with several zones name the one where most people live first; who says nothing lives
    there.

    :param str country_code: ISO 3166, may be empty
    :param str preferred: time zones in order of preference; empty ones are skipped
    :param str default: where neither says anything
    """
    known = [zone for zone in preferred if zone in pytz.all_timezones_set]
    zones = pytz.country_timezones.get((country_code or "").upper())
    if not zones:
        return known[0] if known else default
    return next((zone for zone in known if zone in zones), zones[0])


def get_days(start, end, zone):
    """Yield each calendar day that a time off touches, in the zone of its calendar.

    One that ends at midnight does not touch the day that begins then.

    :param datetime start: UTC, without zone
    :param datetime end: UTC, without zone
    """
    day = day_of(start, zone)
    # A time off that ends as it begins lasts for its day.
    last = max(day, day_of(end - timedelta(seconds=1), zone)) if end > start else day
    for passed in range((last - day).days + 1):
        yield day + timedelta(days=passed)
