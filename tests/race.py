"""Doing the same thing many times at the same moment, with real threads."""

import threading
from collections.abc import Callable
from typing import TypeVar

from yeastar_app.refusals import Refusal

Outcome = TypeVar("Outcome")


def outcomes(times: int, do: Callable[[int], Outcome]) -> list[Outcome | Refusal]:
    """What came of `do(0) … do(times - 1)`, started together, in their order; a Refusal is an outcome too. Anything
    else that is raised is raised here."""
    came: dict[int, Outcome | Refusal] = {}
    broken: list[BaseException] = []
    together = threading.Barrier(times)

    def run(number: int) -> None:
        together.wait()
        try:
            came[number] = do(number)
        except Refusal as refusal:
            came[number] = refusal
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
    return [came[number] for number in range(times)]


def at_once(times: int, do: Callable[[int], Outcome]) -> tuple[list[Outcome], list[str]]:
    """Like `outcomes`: the results of those who won and the codes of the refusals."""
    came = outcomes(times, do)
    won = [one for one in came if not isinstance(one, Refusal)]
    return won, [one.code for one in came if isinstance(one, Refusal)]
