"""What a person is told where something went wrong while it was done for them."""

from yeastar_app.portals.errors import errors
from yeastar_app.refusals import NotAllowed


def test_a_right_that_was_lost_in_between_is_said_and_is_no_fault() -> None:
    assert errors.failed(NotAllowed()).handler.fn.__name__ == "say_no_right"


def test_a_fault_is_told_in_one_sentence_without_its_inside() -> None:
    said = errors.failed(RuntimeError("secret"))
    assert said.handler.fn.__name__ == "say_something_went_wrong"
    assert said.args == ()
