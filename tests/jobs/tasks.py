"""Tasks to run in tests; what they did stands in DONE."""

from datetime import datetime

from django_tasks import task

from extranet.jobs.worker import GIVEN

DONE: list[str] = []
KILLED: set[str] = set()


class Killed(BaseException):
    """The worker is killed here: nothing of its own code runs any more."""


@task()
def note(text: str) -> str:
    DONE.append(text)
    return text


@task(priority=10)
def urgent(text: str) -> None:
    DONE.append(text)


@task()
def moment(now: datetime = GIVEN) -> str:
    return now.isoformat()


@task()
def killed_once(text: str) -> None:
    DONE.append(text)
    if text not in KILLED:
        KILLED.add(text)
        raise Killed


@task()
def always_killed() -> None:
    raise Killed


@task()
def broken(text: str) -> None:
    DONE.append(text)
    raise ValueError(f"cannot read {text}")
