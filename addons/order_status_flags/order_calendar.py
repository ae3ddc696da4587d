"""A calendar file of one day, by RFC 5545."""

from datetime import date, timedelta

PRODUCT = "-//Order Desk//Order status//EN"
# Octets of a line, its end aside.
LINE_OCTETS = 75


def make_calendar(uid, day, sequence, stamp, summary, url=None):
    """Return the text of a calendar with one event that lasts a day.

    :param str uid: the same for every version of the event
    :param date day: of the event
    :param int sequence: higher with every change of the day
    :param datetime stamp: UTC, when this version was made
    :param str summary: what the event is, any text
    :param str url: a page about it, may be missing
    :rtype: str
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{_write_day(day)}",
        *_get_end(day),
        f"SEQUENCE:{sequence}",
        f"SUMMARY:{_escape(summary)}",
        "TRANSP:TRANSPARENT",
        *([f"URL:{url}"] if url else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _get_end(day):
    """Return the line of the end; without one, which the last day there is has, it is that day."""
    return [f"DTEND;VALUE=DATE:{_write_day(day + timedelta(days=1))}"] if day < date.max else []


def _write_day(day):
    # Not `%Y`, which writes the year 26 without its zeros.
    return day.isoformat().replace("-", "")


def _escape(text):
    for char in ("\\", ";", ","):
        text = text.replace(char, f"\\{char}")
    return "\\n".join(text.splitlines())


def _fold(line):
    """Return the line in pieces of at most 75 octets, no character torn apart."""
    pieces, size = [""], 0
    for char in line:
        octets = len(char.encode())
        if size + octets > LINE_OCTETS:
            pieces.append(" ")
            size = 1
        pieces[-1] += char
        size += octets
    return "\r\n".join(pieces)
