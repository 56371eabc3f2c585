#!/usr/bin/env bash
# Software: enerdata 1.1.6 (PyPI) with pytz 2026.6 and pandas 2.3.3.
#
# Setting: the hourly curve of a Spanish meter for March 2026 has a hole of eight hours. The
# billed energy of each tariff period (2.0TD: P1, P2, P3) is known. Profile.estimate(tariff,
# balance) fills the hole, so that every period adds up to what was billed.
#
# A good guess: each missing hour gets energy of its own period, on every day of the month.
# With the same profile for all hours the eight hours come back as they were.
#
# What really happens: the missing hours are counted on from the first hour of the month, in
# the offset that it had (+01:00), and the period is read from the clock of that stamp. After
# the change of 29 March every missing hour has the period of the hour before it. On 10
# March the hole is filled well. On 31 March, 09:00 gets 0 Wh of P3 where P2 was used, P1 gets
# P2 and P2 gets P1. The total is right, and the filled curve has no gaps and only valid
# hours, but P1 and P2 differ from the bill. After the change of October every missing hour
# has the period of the hour after it.
#
# Why it matters: a repair that was made to meet the bill breaks it, in two months a year,
# with hours of zero and doubled hours that look measured. Prices by period then go to the
# wrong energy.
#
# Output seen (Wh used and filled, hours named by their end):
#   10 March:  used [500, 500, 1000, 1000, 1000, 1000, 500, 500]
#              filled [500, 500, 1000, 1000, 1000, 1000, 500, 500]
#              P1 176000 of 176000, P2 88000 of 88000, P3 78200 of 78200, gaps left 0
#   31 March:  used [500, 500, 1000, 1000, 1000, 1000, 500, 500]
#              filled [0, 667, 666, 1000, 1000, 1000, 1000, 667]
#              P1 175666 of 176000, P2 88334 of 88000, P3 78200 of 78200, gaps left 0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  enerdata==1.1.6 pytz==2026.6 pandas==2.3.3 numpy==2.4.6 workalendar==17.0.0

timeout 100 venv/bin/python -W ignore - <<'PY'
import sys
from datetime import datetime, timedelta

from enerdata.contracts.tariff import T20TD
from enerdata.datetime.timezone import TIMEZONE
from enerdata.profiles.profile import Coefficent, Profile, ProfileHour, REEProfile

tariff = T20TD()
start = TIMEZONE.localize(datetime(2026, 3, 1, 1))
end = TIMEZONE.localize(datetime(2026, 4, 1, 0))
hours = [TIMEZONE.normalize(start + timedelta(hours=hour)) for hour in range(743)]
assert hours[-1] == end


class Flat(REEProfile):
    """The same profile for every hour, without asking REE."""

    @classmethod
    def get_range(cls, first, last):
        return [Coefficent(hour, {"2.0TD": 1.0}) for hour in hours]


def period(hour):
    """Return the period of an hour that is named by its end."""
    return tariff.get_period_by_date(hour - timedelta(minutes=1)).code


used = {hour: {"P1": 1000, "P2": 500, "P3": 200}[period(hour)] for hour in hours}
billed = {code: sum(used[h] for h in hours if period(h) == code) for code in ("P1", "P2", "P3")}
seen = []
for day in (10, 31):
    missing = [h for h in hours if h.day == day and h.month == 3 and 9 <= h.hour <= 16]
    measured = [ProfileHour(h, used[h], True, 0) for h in hours if h not in missing]
    profile = Profile(start, end, measured)
    profile.profile_class = Flat
    filled = profile.estimate(tariff, dict(billed))
    values = {hour.date: int(hour.measure) for hour in filled.measures}
    sums = {code: int(filled.get_consumption_per_period(tariff)[code]) for code in billed}
    was, now = [used[h] for h in missing], [values[h] for h in missing]
    print(f"{day} March:  used {was}\n           filled {now}")
    told = ", ".join(f"{code} {sums[code]} of {billed[code]}" for code in billed)
    print(f"           {told}, gaps left {len(filled.gaps)}")
    seen.append((now, list(sums.values()), len(filled.gaps), filled.total_consumption))
total = sum(used.values())
if seen != [
    ([500, 500, 1000, 1000, 1000, 1000, 500, 500], [176000, 88000, 78200], 0, total),
    ([0, 667, 666, 1000, 1000, 1000, 1000, 667], [175666, 88334, 78200], 0, total),
]:
    sys.exit("CHANGED: a missing hour after the clock change has its own period")
PY
