"""Sends one message through Apprise, to the services of the connection ``gapfill_alerts``.

The connection is of type ``apprise``; its extra has ``config``: one ``{"path": URL}`` or a list of
them, as the provider's own notifier reads it. Without that connection messages are only logged.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import apprise
from airflow.providers.apprise.hooks.apprise import AppriseHook
from airflow.sdk import BaseNotifier, Connection
from airflow.sdk.log import mask_secret

from gapfill.alerts.incidents import Message
from gapfill.errors import ConfigError
from gapfill.sources.http.airflow_connection import look_up
from gapfill.sources.http.connection import find_connection

CONNECTION = "gapfill_alerts"

_EXAMPLE = (
    '{"conn_type": "apprise", "extra": {"config": {"path": "URL of a service, in Apprise format"}}}'
)

log = logging.getLogger(__name__)


class NotSentError(Exception):
    """A service did not accept a message. The text names no URL, because URLs contain keys."""


class GapfillNotifier(BaseNotifier):
    """Sends one message to each service that has not accepted it.

    Airflow renders the templates of a notifier in place, so a used notifier would send the old
    text again: each message gets a new notifier, and its text is not a template.

    Attributes:
        message: The message; contains no secret.
        taken: Ids of the services that accepted it.
        refused: Ids of the services that refused it now.
        waiting: Ids of the services that were skipped.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, message: Message, skipped: Collection[str] = ()) -> None:
        super().__init__()
        self.message = message
        self.taken = set(message.taken)
        self.refused: set[str] = set()
        self.waiting: set[str] = set()
        self._skipped = skipped

    def notify(self, context: Mapping[str, Any]) -> None:
        """Send the message; only log it if no connection is set up.

        Raises:
            NotSentError: If a service did not accept it; the others did.
            ConfigError: If the connection cannot be read, or names no service.
        """
        del context
        services = _services()
        if services is None:
            log.warning(
                "%s\n%s\n(only logged: there is no connection %s)",
                self.message.title,
                self.message.body,
                CONNECTION,
            )
            return
        for service in services:
            self._offer(service)
        if self.refused:
            raise NotSentError(
                f"{len(self.refused)} of {len(services)} services of the connection {CONNECTION} "
                "did not accept the message"
            )
        log.info("Sent: %s", self.message.title)

    def _offer(self, service: apprise.NotifyBase) -> None:
        name = str(service.url_id())  # type: ignore[no-untyped-call]
        if name in self.taken:
            return
        if name in self._skipped:
            self.waiting.add(name)
            return
        one = apprise.Apprise()
        one.add(service)
        with _silent():
            is_sent = one.notify(
                title=self.message.title,
                body=self.message.body,
                notify_type=apprise.NotifyType(self.message.tone.value),
            )
        (self.taken if is_sent else self.refused).add(name)


def _services() -> apprise.Apprise | None:
    """Return the services of the connection, ``None`` if it does not exist."""
    hook = AppriseHook(CONNECTION)
    connection = cast("Connection | None", find_connection(CONNECTION, look_up, _EXAMPLE))
    if connection is None:
        return None
    found = apprise.Apprise()
    try:
        with _silent():
            for url in _urls(hook.get_config_from_conn(connection)):
                mask_secret(url)
            hook.set_config_from_conn(connection, found)
    except (KeyError, ValueError, TypeError):
        found.clear()
    if not len(found):
        message = f"The connection {CONNECTION} names no service. It looks like {_EXAMPLE}."
        raise ConfigError(message)
    return found


def _urls(config: Any) -> Iterator[str]:  # noqa: ANN401 - the extra can contain anything
    for entry in config if isinstance(config, list) else [config]:
        yield str(entry["path"])


@contextmanager
def _silent() -> Iterator[None]:
    """Keep Apprise from logging: its lines can name URLs, which hold keys."""
    logger = logging.getLogger("apprise")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
