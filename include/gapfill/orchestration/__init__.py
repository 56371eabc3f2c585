"""Airflow glue: params, retries, alerts, and the wiring that builds everything."""
