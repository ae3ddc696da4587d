"""What is made of a run's numbers: percentiles, how flat the memory is, what the log tells."""

import math
import re
import statistics

# A worker's memory may grow by so much in the second half of a run, in percent.
MOST_GROWTH = 3.0
# Lines of a log that nobody wants to see.
FAULTS = re.compile(r"^(?:Traceback .*|\S+ \S+ \d+ (?:ERROR|CRITICAL) .*)$", re.MULTILINE)
RETRIES = "tries left, try again"
# Odoo logs as an error what it then tries again by itself; when it gives up, the client notes that.
REPEATED = "ERROR: could not serialize access"
# A connection on which nothing was asked within two seconds, a port scan for instance. Whoever has
# asked and got no answer notes that himself.
SILENT = "Request timed out"


def percentile(values, share):
    """Return the value that `share` percent of the values do not exceed (the nearest rank)."""
    ranked = sorted(values)
    return ranked[max(math.ceil(len(ranked) * share / 100), 1) - 1]


def summarize(seconds):
    """Return `{what was asked: {number, p50, p95, p99, in milliseconds}}`."""
    return {
        what: {
            "number": len(values),
            **{f"p{share}": round(1000 * percentile(values, share)) for share in (50, 95, 99)},
        }
        for what, values in sorted(seconds.items())
    }


def measure_growth(samples):
    """Return by how many percent memory grew over the second half, along the straight line.

    :param list samples: `(seconds, MB)`
    """
    if len(samples) < 4:
        return 0.0
    middle = samples[-1][0] / 2
    times, values = zip(*[sample for sample in samples if sample[0] >= middle], strict=True)
    line = statistics.linear_regression(times, values)
    begin, end = (line.intercept + line.slope * moment for moment in (times[0], times[-1]))
    return round(100 * (end - begin) / begin, 2)


def describe_memory(samples):
    """Return of each worker its memory at the middle and the end, and its growth.

    :param dict samples: `{worker: [(seconds, MB)]}`
    """
    return [
        {
            "worker": worker,
            "first": round(one[0][1]),
            "middle": round(one[len(one) // 2][1]),
            "last": round(one[-1][1]),
            "growth": measure_growth(one),
            # MB, about once a minute
            "curve": [round(memory) for _moment, memory in one[::12]],
        }
        for worker, one in samples.items()
        if one
    ]


def find_faults_of_memory(memory):
    return [
        f"the memory of {one['worker']} grew by {one['growth']} % in the second half: {one}"
        for one in memory
        if one["growth"] > MOST_GROWTH
    ]


def find_faults_of_log(text):
    """Return the lines of a server's log that tell of an error."""
    found = []
    for match in FAULTS.finditer(text):
        # PostgreSQL's own words stand on the next line.
        words = text[match.start() : match.end() + 100]
        if SILENT not in match[0] and REPEATED not in words:
            found.append(f"the log says: {match[0][:300]}")
    return found


def count_retries(text):
    """Return how often Odoo ran a request again, as another had changed the same rows."""
    return text.count(RETRIES)
