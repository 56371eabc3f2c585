"""The services of docker-compose.yaml without Docker: a worker and the database are killed."""
