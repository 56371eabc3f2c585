"""The operator's surface inside Airflow: HTTP routes and the coverage calendar."""
