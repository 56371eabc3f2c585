"""Programs for people: the demo, Airflow in the browser, and what they share with the tests."""
