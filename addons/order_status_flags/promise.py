"""What a promise comes to, without a database."""

from dataclasses import dataclass
from datetime import date, datetime

import pytz

# States of a promise whose goods are still to come in time.
OPEN_STATES = ("on_time", "at_risk")


@dataclass
class Delivery:
    """What is known of the goods of an order.

    :param datetime planned: when the last open goods are planned (UTC), None without open ones
    :param datetime done: when the last goods left (UTC), None when none did
    :param bool is_open: whether goods are still to be shipped
    :param bool is_known: whether deliveries tell anything at all; without, the status does
    """

    planned: datetime | None = None
    done: datetime | None = None
    is_open: bool = False
    is_known: bool = False


def day_of(moment, zone):
    """Return the day of a moment where somebody is.

    At either end of the calendar, where the day there would lie beyond it, it is that of UTC.

    :param datetime moment: UTC, may be empty
    :param str zone: name of the time zone
    :rtype: date or False
    """
    if not moment:
        return False
    try:
        return pytz.utc.localize(moment).astimezone(pytz.timezone(zone)).date()
    except OverflowError:
        return moment.date()


def promise_state_of(first: date, present: date, fulfilled_on: date, today: date):
    """Return the state of a promise.

    :param first: the first promise
    :param present: today's
    :param fulfilled_on: when everything was delivered, may be empty
    :param today: where the company is
    """
    if fulfilled_on:
        return "kept" if fulfilled_on <= first else "broken"
    if present < today:
        return "late"
    return "at_risk" if present > first else "on_time"
