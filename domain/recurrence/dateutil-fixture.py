"""Two hundred invented rules and their days, as python-dateutil expands them: what expand.test.ts compares ours with.

    pip install python-dateutil==2.9.0.post0 && python dateutil-fixture.py > dateutil.fixture.json

Days only, no clamping (dateutil follows RFC 5545, where a day that a month lacks is left out). The seed is fixed: the same rules
come out every time. Left out are shapes in which dateutil itself departs from RFC 5545: numbered and plain weekdays in one BYDAY,
and BYSETPOS in weeks (dateutil cuts the first week at DTSTART, and then counts).
"""

import datetime
import itertools
import json
import random

import dateutil
from dateutil.rrule import rrulestr

CODES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
HORIZON = datetime.datetime(2090, 1, 1)
rng = random.Random(5545)


def some(values, most):
    return sorted(rng.sample(values, rng.randint(1, min(most, len(values)))))


def numbers(values):
    return ",".join(str(value) for value in values)


def weekdays(most=4):
    return ",".join(CODES[day] for day in some(range(7), most))


def numbered(largest):
    picks = {f"{rng.choice([-1, 1]) * rng.randint(1, largest)}{rng.choice(CODES)}" for _ in range(rng.randint(1, 3))}
    return ",".join(sorted(picks))


def invent():
    freq = rng.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.choice([2, 2, 3, 4, 5, 6, 7, 10, 13])}")
    month_days = list(range(1, 32)) + list(range(-31, 0))
    shape = None
    if freq == "DAILY":
        shape = rng.choice(["", f"BYDAY={weekdays()}", f"BYMONTH={numbers(some(range(1, 13), 5))}", f"BYMONTHDAY={numbers(some(month_days, 5))}"])
    elif freq == "WEEKLY":
        shape = f"BYDAY={weekdays()}"
        if rng.random() < 0.2:
            shape += f";BYMONTH={numbers(some(range(1, 13), 6))}"
        if rng.random() < 0.5:
            shape += f";WKST={rng.choice(CODES)}"
    elif freq == "MONTHLY":
        shape = rng.choice(
            [
                f"BYMONTHDAY={numbers(some(month_days, 4))}",
                f"BYDAY={numbered(5)}",
                f"BYDAY={weekdays()};BYSETPOS={numbers(some([1, 2, 3, -1, -2], 2))}",
                f"BYDAY={weekdays(2)};BYMONTHDAY={numbers(some(month_days, 6))}",
                "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            ]
        )
        if rng.random() < 0.2:
            shape += f";BYMONTH={numbers(some(range(1, 13), 6))}"
    else:
        shape = rng.choice(
            [
                f"BYMONTH={numbers(some(range(1, 13), 3))};BYMONTHDAY={numbers(some(month_days, 3))}",
                f"BYMONTH={numbers(some(range(1, 13), 3))};BYDAY={numbered(5)}",
                f"BYDAY={numbered(53)}",
                f"BYYEARDAY={numbers(some(list(range(1, 367)) + list(range(-366, 0)), 4))}",
                f"BYWEEKNO={numbers(some(range(1, 54), 4))};BYDAY={weekdays()};WKST={rng.choice(CODES)}",
                f"BYWEEKNO={numbers(some(range(-53, 0), 4))};BYDAY={weekdays()}",
                f"BYMONTHDAY={numbers(some(month_days, 2))}",
                f"BYMONTH={numbers(some(range(1, 13), 2))};BYDAY={weekdays(3)};BYSETPOS={rng.choice([1, -1, 3])}",
            ]
        )
    if shape:
        parts.append(shape)
    return ";".join(parts)


def days(rule, start, most):
    found = rrulestr(rule, dtstart=datetime.datetime.fromisoformat(start))
    within = itertools.takewhile(lambda moment: moment < HORIZON, found.xafter(datetime.datetime.fromisoformat(start), inc=True))
    return [moment.date().isoformat() for moment in itertools.islice(within, most)]


cases = []
while len(cases) < 200:
    rule = invent()
    start = (datetime.date(1995, 1, 1) + datetime.timedelta(days=rng.randrange(20000))).isoformat()
    found = days(rule, start, 1)
    if not found:
        continue
    starts_on = found[0]
    count = rng.randint(2, 12) if rng.random() < 0.25 else None
    expected = days(rule + (f";COUNT={count}" if count else ""), starts_on, 16)
    if len(expected) < 3 and count is None:
        continue
    case = {"rule": rule, "starts_on": starts_on, "days": " ".join(expected)}
    if count:
        case["count"] = count
    cases.append(case)

print(json.dumps({"made_by": f"python-dateutil {dateutil.__version__}", "cases": cases}, indent=2))
