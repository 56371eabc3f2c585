#!/usr/bin/env bash
# Software: pytimetk 2.5.3 with pandas 3.0.5 and polars 2.1.0 (PyPI).
#
# Setting: daily prices of eight days, 25 October missing, in a pandas frame.
# pad_by_time("ds", freq="D") puts the missing day in; engine= chooses how it is computed.
#
# A good guess: the engine changes the speed only. The new day is NaN and the seven prices
# stay, with stamps at the local midnight of Europe/Madrid as with stamps in UTC.
#
# What really happens: with a zone the Polars engine loses all seven prices. It lays its days by
# the UTC date of the first and the last stamp, so they begin a day early, lie at 02:00 or 01:00
# local time, and match no row. The last day is not there at all. Nothing warns, and the
# default engine gives what was meant.
#
# Why it matters: whoever changes the engine for more speed gets an empty series whose count
# of rows is right. A step after it that fills NaN hides the loss, and tests in UTC pass.
#
# Output seen:
#   UTC            pandas  8 rows, 7 prices, from 2026-10-22 00:00:00+00:00 to 2026-10-29 00:00:00+00:00
#   UTC            polars  8 rows, 7 prices, from 2026-10-22 00:00:00+00:00 to 2026-10-29 00:00:00+00:00
#   Europe/Madrid  pandas  8 rows, 7 prices, from 2026-10-22 00:00:00+02:00 to 2026-10-29 00:00:00+01:00
#   Europe/Madrid  polars  8 rows, 0 prices, from 2026-10-21 02:00:00+02:00 to 2026-10-28 01:00:00+01:00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  pytimetk==2.5.3 pandas==3.0.5 polars==2.1.0 pyarrow==26.0.1 numpy==2.4.6

timeout 100 venv/bin/python -W ignore - <<'PY'
import sys
import warnings

import pandas as pd
import pytimetk  # noqa: F401  (gives the frame its method)

warnings.simplefilter("error", UserWarning)  # none comes


def pad(zone, engine):
    days = pd.date_range("2026-10-22", "2026-10-29", freq="D", tz=zone)
    frame = pd.DataFrame({"ds": days, "price": [float(51 + n) for n in range(8)]}).drop(3)
    done = frame.pad_by_time("ds", freq="D", engine=engine)
    kept = int(done.price.notna().sum())
    first, last = str(done.ds.iloc[0]), str(done.ds.iloc[-1])
    print(f"{zone:13}  {engine}  {len(done)} rows, {kept} prices, from {first} to {last}")
    return len(done), kept, first, last


seen = [pad(zone, engine) for zone in ("UTC", "Europe/Madrid") for engine in ("pandas", "polars")]
in_utc = (8, 7, "2026-10-22 00:00:00+00:00", "2026-10-29 00:00:00+00:00")
if seen != [
    in_utc,
    in_utc,
    (8, 7, "2026-10-22 00:00:00+02:00", "2026-10-29 00:00:00+01:00"),
    (8, 0, "2026-10-21 02:00:00+02:00", "2026-10-28 01:00:00+01:00"),
]:
    sys.exit("CHANGED: the Polars engine keeps the prices of local days")
PY
