"""An answer of the cluster that is asked for by many nodes at once, and soon is too old."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

from sdk_hooks.core.k8s.kubectl import Recent


def test_all_that_ask_at_once_get_one_answer() -> None:
    numbers = count()
    recent = Recent(lambda: next(numbers), 60)
    with ThreadPoolExecutor(8) as pool:
        assert {each.result() for each in [pool.submit(recent) for _ in range(8)]} == {0}


def test_an_old_answer_is_not_given() -> None:
    numbers = count()
    recent = Recent(lambda: next(numbers), -1)

    assert (recent(), recent()) == (0, 1)


def test_that_nobody_knows_is_an_answer() -> None:
    asked: list[None] = []
    recent = Recent(lambda: asked.append(None), 60)

    assert (recent(), recent(), len(asked)) == (None, None, 1)
