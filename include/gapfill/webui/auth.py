"""Who may do what: Airflow's login, and its permissions on ``gap_detection``.

A plugin's routes are open by default. So every app of ``app`` requires ``LOGGED_IN`` for all of
its routes; routes that read or start something also require ``MAY_READ`` or ``MAY_START``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import (
    get_user,
    requires_authenticated,
)
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request, status

from gapfill.webui.dag_runs import DAG

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod

logged_in = requires_authenticated()
"""Anyone who is logged in."""

User = Annotated[BaseUser, Depends(get_user)]


def sees(user: BaseUser) -> bool:
    """Return whether a user may see ``gap_detection``."""
    return _is_authorized("GET", user)


def may_read(user: User) -> None:
    """Refuse users who may not see ``gap_detection``.

    Raises:
        HTTPException: 403.
    """
    if not sees(user):
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"You may not see the DAG {DAG}.")


def starts(user: User) -> bool:
    """Return whether a user may start runs of ``gap_detection``."""
    return _is_authorized("POST", user, DagAccessEntity.RUN)


def may_start(user: User) -> None:
    """Refuse users who may not start runs of ``gap_detection``.

    Raises:
        HTTPException: 403, with the missing permission.
    """
    if not starts(user):
        message = (
            f"This needs the permission to trigger {DAG}: ask an administrator for the "
            "role User or Op, or for that permission on the DAG."
        )
        raise HTTPException(status.HTTP_403_FORBIDDEN, message)


def _is_authorized(
    method: ResourceMethod, user: BaseUser, entity: DagAccessEntity | None = None
) -> bool:
    """Return what Airflow says.

    This does the same as Airflow's ``requires_access_dag``, but that looks up the DAG's team in
    the database for every request, also where teams are turned off.
    """
    team = DagModel.get_team_name(DAG) if conf.getboolean("core", "multi_team") else None
    details = DagDetails(id=DAG, team_name=team)
    return get_auth_manager().is_authorized_dag(
        method=method, access_entity=entity, details=details, user=user
    )


LOGGED_IN, MAY_READ, MAY_START = Depends(logged_in), Depends(may_read), Depends(may_start)


def same_site(request: Request) -> None:
    """Refuse a write that a page of another site sent with this browser's cookie.

    A browser does not send a bearer token by itself, so a request with one is exempt.

    Raises:
        HTTPException: 403.
    """
    if request.headers.get("authorization"):
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site is not None:
        is_own = site in {"same-origin", "none"}
    else:
        is_own = origin is None or _place(origin) == request.headers.get("host")
    if not is_own:
        sentence = "The request comes from a page of another site, so nothing was started."
        raise HTTPException(status.HTTP_403_FORBIDDEN, sentence)


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


SAME_SITE = Depends(same_site)
