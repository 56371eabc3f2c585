"""A small OpenWeatherMap: each path may be refused by itself, and a test may change the rows.

It shares no code with the sandbox, so that the product is not tried on one reading of the API
alone.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.sources.asks import payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    Rows = Callable[[list[Any]], list[Any]]

WEATHER = "/data/2.5/weather"
TIMELINE = "/data/4.0/onecall/timeline/1h"
TIMEMACHINE = "/data/3.0/onecall/timemachine"
INVALID_KEY = payload("openweathermap_error_invalid_key.json")
NO_SUBSCRIPTION = payload("openweathermap_error_no_subscription.json")
BLOCKED = payload("openweathermap_error_blocked.json")


def hour_at(at: int) -> dict[str, Any]:
    """Return a row of One Call: as many degrees as its hour, to tell rows apart."""
    return {
        "dt": at,
        "temp": float(at // 3600 % 24),
        "feels_like": 3.0,
        "pressure": 1019,
        "humidity": 60,
        "wind_speed": 2.5,
        "wind_deg": 200,
        "weather": [{"id": 800, "main": "Clear", "description": "clear sky", "icon": "01d"}],
    }


@dataclass(slots=True)
class OwmServer:
    """Serves on a free local port while its context lasts.

    Attributes:
        now: Its clock.
        refusals: Status and body of the paths that are refused.
        rows: What becomes of the rows of an answer of One Call.
        more: Further members of an answer of One Call, or other values of them.
        asked: Paths and queries, in order.
    """

    now: datetime
    refusals: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    rows: Rows = list
    more: Mapping[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _server: ThreadingHTTPServer = field(init=False)

    @property
    def url(self) -> str:
        """Root URL without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def counts(self) -> dict[str, int]:
        """How many calls each path got."""
        return dict(Counter(path for path, _ in self.asked))

    def __enter__(self) -> Self:
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                served.asked.append((parts.path, query))
                status, body = served.answer(parts.path, query)
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def refuse(self, *paths: str, status: int = 401, body: bytes = NO_SUBSCRIPTION) -> None:
        """Refuse paths, and serve the others."""
        self.refusals = dict.fromkeys(paths, (status, body))

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Return status and body."""
        if path in self.refusals:
            return self.refusals[path]
        now = int(self.now.timestamp())
        place = {"lat": float(query["lat"]), "lon": float(query["lon"])}
        if path == WEATHER:
            main = {"temp": 21.5, "humidity": 50, "pressure": 1019, "grnd_level": 966}
            sky = {"weather": [{"id": 800}], "dt": now - 240, "cod": 200}
            return 200, json.dumps({"coord": place, "main": main, **sky}).encode()
        if path == TIMEMACHINE:
            rows = [hour_at(int(query["dt"]))]
        else:
            start, count = int(query["start"]), int(query.get("cnt", 20))
            rows = [hour_at(start + 3600 * n) for n in range(min(count, 20))]
        zone = {"timezone": "Europe/Madrid", "timezone_offset": 3600}
        link = f"http://127.0.0.1:{self._server.server_port}{path}?appid={query['appid']}"
        links = {"prev": f"{link}&start=1", "next": f"{link}&start=2"}
        document = {**place, **zone, **links, "data": self.rows(rows), **self.more}
        return 200, json.dumps(document).encode()


def at(text: str) -> datetime:
    """Return an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
