"""Who waits for whom where several processes of tests share a machine."""

import threading
from contextlib import ExitStack

from harness.on_cluster.shared import at_most


def test_no_more_than_so_many_are_in_the_block_and_the_next_one_comes_in_when_one_leaves() -> None:
    entered = threading.Event()

    def third() -> None:
        with at_most(2, "test-shared"):
            entered.set()

    with ExitStack() as stack:
        stack.enter_context(at_most(2, "test-shared"))
        with at_most(2, "test-shared"):
            waiting = threading.Thread(target=third)
            waiting.start()
            assert not entered.wait(2)
        assert entered.wait(60)
        waiting.join()
