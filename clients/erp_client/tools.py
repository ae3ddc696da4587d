"""What the parts of the client share: how a run says something, moments, files and their locks."""

import contextlib
import datetime
import json
import os
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

UTC = datetime.timezone.utc


class Problem(Exception):
    """Something the operator can mend; its text is printed."""


def say(text):
    """Print a line with the time before it.

    :param str text: in plain words
    """
    moment = datetime.datetime.now().isoformat(sep=" ", timespec="seconds")
    print(f"{moment} {text}", flush=True)


# === MOMENTS === #


def to_moment(text):
    """Return an ISO 8601 text with zone as a moment, None when it is none.

    :param str text: like `2026-03-01T12:00:00+01:00`
    """
    try:
        # Python reads the Z by itself from 3.11 on only.
        moment = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def parse_zone(zone):
    """Return the zone of the settings, None for that of this machine.

    :param str zone: an offset such as `+01:00`, a name such as `Europe/Warsaw`, or nothing
    :raise Problem: when it is neither, or this machine does not know the name
    """
    zone = (zone or "").strip()
    if not zone:
        return None
    with contextlib.suppress(ValueError):
        return datetime.datetime.strptime(zone, "%z").tzinfo
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Problem(
            f"zone in the settings is {zone!r}: no offset such as +01:00, and no zone that this"
            " machine knows (Windows knows Europe/Warsaw after: pip install tzdata)"
        ) from error


def localize(naive, zone, now=None):
    """Return the moment that a clock in a zone meant.

    In the hour that comes twice in October it is the later one, unless that is still to come:
    a change that was read as too early would be older than one that was sent before.

    :param datetime naive: what the clock showed
    :param tzinfo zone: None = that of this machine
    :param datetime now: to compare with
    """
    # Without a zone, Python takes that of this machine. Compared in UTC: of two times of one zone
    # it compares what the clock shows.
    both = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    first, second = (one.astimezone(UTC) for one in both)
    now = now or datetime.datetime.now(UTC)
    moment = second if first < second <= now else min(first, second)
    return moment.astimezone(zone)


def to_day(moment, zone):
    """Return the day of a moment in a zone, that of its own zone at either end of the calendar.

    :param datetime moment: with a zone
    :param tzinfo zone: None = that of this machine
    """
    try:
        return moment.astimezone(zone).date()
    except (OverflowError, ValueError, OSError):
        return moment.date()


def to_clock(moment, zone):
    """Return what a clock in a zone showed, as early as it showed any later moment too.

    In October the clock goes back: what happens later then has an earlier time.

    :param datetime moment: with a zone
    :param tzinfo zone: None = that of this machine
    """
    hour = datetime.timedelta(hours=1)
    clock, next_hour = moment.astimezone(zone), (moment + hour).astimezone(zone)
    back = max(clock.utcoffset() - next_hour.utcoffset(), datetime.timedelta())
    return clock.replace(tzinfo=None, fold=0) - back


# === FILES === #


def write_atomic(path, content):
    """Write a file so that a kill, or a reader, meets the old one or the new one.

    :param Path path: the file
    :param bytes content: all of it
    """
    write_part(path, content).replace(path)
    sync_folder(path.parent)


def write_part(path, content):
    """Write a file beside its place, hidden, and return where. It is on the disk for certain.

    :param Path path: where it is to be one day
    :param bytes content: all of it
    """
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return part


def get_size(path):
    """Return how many bytes a file has, none when it is not there."""
    return path.stat().st_size if path.exists() else 0


def note_size(path):
    """Return what is to be noted of a file before something is appended to it.

    :raise OSError: when its folder is not there: on a share that is away no file is an empty one
    """
    path.parent.stat()
    return {"file": str(path), "size": get_size(path)}


def cut_back(path, noted):
    """Cut off what a killed run may have appended to a file.

    :param Path path: the file
    :param dict noted: of :func:`note_size`, None when nothing was being appended
    :raise OSError: when its folder is not there, see there
    """
    if noted and noted["file"] == str(path):
        path.parent.stat()
        if get_size(path) > noted["size"]:
            os.truncate(path, noted["size"])


def sync_folder(folder):
    """Make the names in a folder last, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def to_json(values):
    """Return values as the bytes of a JSON file."""
    return json.dumps(values, ensure_ascii=False).encode()


@contextlib.contextmanager
def only_one(path, seconds=120.0):
    """Let one run at a time work with a file; a run that was killed leaves no lock.

    :param Path path: the file
    :param float seconds: how long to wait for the other run
    :raise Problem: when it does not end
    """
    with path.with_name(f"{path.name}.lock").open("a") as file:
        end = time.monotonic() + seconds
        while not _try_lock(file):
            if time.monotonic() > end:
                raise Problem(f"another run works with {path} and does not end")
            time.sleep(0.1)
        yield


def _try_lock(file):
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
