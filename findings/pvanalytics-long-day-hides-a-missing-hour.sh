#!/usr/bin/env bash
# Software: pvanalytics 0.2.2 with pandas 3.1.1 (PyPI).
#
# Setting: quality checks of a PV plant ask pvanalytics.quality.gaps for the completeness
# of each local day of quarter-hours in Europe/Madrid, with freq="15min".
#
# A good guess: the score is the part of the local day that has data: 1.0 for a day with every
# quarter, be it of 92, 96 or 100, and never above 1.0.
#
# What really happens: it divides by 24 hours always. The whole day of the autumn change
# scores 1.04; with an hour missing it scores exactly 1.0 and complete() calls it complete.
# The day of the spring change scores 0.958 though every quarter is there, and complete()
# with a threshold of 0.99 throws it out.
#
# Why it matters: once a year a hole of an hour cannot be found, and once a year a whole day
# is asked for again and again, or left out of a report, although nothing is missing.
#
# Output seen:
#   2026-06-15:  96 of  96 quarters, score 1.000, complete: True
#   2026-06-15:  92 of  96 quarters, score 0.958, complete: False
#   2026-10-25: 100 of 100 quarters, score 1.042, complete: True
#   2026-10-25:  96 of 100 quarters, score 1.000, complete: True
#   2026-03-29:  92 of  92 quarters, score 0.958, complete: False
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  pvanalytics==0.2.2 pvlib==0.16.1 pandas==3.1.1 numpy==2.4.6

timeout 60 venv/bin/python -W ignore - <<'PY'
import sys

import pandas as pd
from pvanalytics.quality import gaps


def judge(day, without=()):
    start = pd.Timestamp(day, tz="Europe/Madrid")
    end = start + pd.DateOffset(days=1)
    quarters = pd.date_range(start, end, freq="15min", inclusive="left")
    kept = quarters[[q.hour not in without for q in quarters]]
    power = pd.Series(1.0, index=kept)
    score = gaps.completeness_score(power, freq="15min").iloc[0]
    whole = gaps.complete(power, minimum_completeness=0.99, freq="15min").iloc[0]
    print(f"{day}: {len(kept):3} of {len(quarters):3} quarters, score {score:.3f}, complete: {whole}")
    return round(float(score), 3), bool(whole)


seen = [
    judge("2026-06-15"),
    judge("2026-06-15", without={12}),
    judge("2026-10-25"),
    judge("2026-10-25", without={12}),
    judge("2026-03-29"),
]
if seen != [(1.0, True), (0.958, False), (1.042, True), (1.0, True), (0.958, False)]:
    sys.exit("CHANGED: the score now knows how long a local day is")
PY
