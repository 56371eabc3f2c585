"""Names that InfluxDB or Gapfill needs itself."""

from __future__ import annotations

from gapfill.domain.series import Series
from gapfill.errors import ConfigError

PROVENANCE = ("gapfill_grade", "gapfill_source", "gapfill_batch", "gapfill_kept")


def check_names(series: Series) -> None:
    """Refuse a series whose names InfluxDB or Gapfill needs itself.

    Raises:
        ConfigError: If the catalogue has such a name, or a field named like a tag.
    """
    names = (series.measurement, *(f.name for f in series.fields), *series.tags)
    for name in names:
        if name.lower() == "time" or name.lower().startswith(("gapfill_", "_")):
            message = (
                f"The catalogue has a measurement, field or tag {name!r}, a name that the InfluxDB "
                "store needs for itself; choose another."
            )
            raise ConfigError(message)
    for key, said in series.tags.items():
        if not said or said.endswith("\\") or "\n" in key + said:
            message = (
                f"The series {series.name} has a tag {key}={said!r} that InfluxDB cannot hold: it "
                "must not be empty, end in a backslash or have a line break; correct the catalogue."
            )
            raise ConfigError(message)
    both = {*series.tags, *series.exclude} & {f.name for f in series.fields}
    if both:
        message = (
            f"The series {series.name} has {min(both)!r} as a field and as a tag, which InfluxDB "
            "cannot distinguish; rename one in the catalogue."
        )
        raise ConfigError(message)
