"""The InfluxDB store: a bucket where other programs may write too."""
