"""The only code that calls an API: one Airflow hook per source."""
