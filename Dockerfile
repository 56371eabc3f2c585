# Airflow with Gapfill: one image for every Airflow service of docker-compose.yaml.
# Packages are those of uv.lock; nothing is installed when a container starts.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt requirements-cluster.txt /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-deps -r /tmp/requirements.txt -r /tmp/requirements-cluster.txt \
 && /opt/venv/bin/pip check

FROM python:3.11-slim-bookworm
# Volumes take the owner of the folder that they cover, so the folders are made here.
RUN useradd --uid 50000 --gid 0 --create-home --home-dir /opt/airflow airflow \
 && install -d -o airflow -g 0 -m 0770 /opt/airflow/logs /opt/airflow/auth /opt/airflow/state \
 && install -o airflow -g 0 -m 0640 /dev/null /opt/airflow/airflow.cfg
COPY --from=packages /opt/venv /opt/venv
COPY dags /opt/gapfill/dags
COPY plugins /opt/gapfill/plugins
COPY include /opt/gapfill/include
COPY deploy /opt/gapfill/deploy
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/gapfill/include \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/gapfill/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/gapfill/plugins
RUN python -m compileall -q /opt/gapfill
USER airflow
WORKDIR /opt/airflow
CMD ["airflow", "version"]
