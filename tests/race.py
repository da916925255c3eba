"""Doing the same thing many times at the same moment, with real threads."""

import threading
from collections.abc import Callable
from typing import TypeVar

from yeastar_app.refusals import Refusal

Outcome = TypeVar("Outcome")


def at_once(times: int, do: Callable[[int], Outcome]) -> tuple[list[Outcome], list[str]]:
    """What came of `do(0) … do(times - 1)`, started together: the results of those who won and the codes of the
    refusals. Anything else that is raised is raised here."""
    won: list[Outcome] = []
    refused: list[str] = []
    broken: list[BaseException] = []
    together = threading.Barrier(times)

    def run(number: int) -> None:
        together.wait()
        try:
            won.append(do(number))
        except Refusal as refusal:
            refused.append(refusal.code)
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
    return won, refused
