"""One thread for NumPy's linear algebra while unbait works.

Its products are small: a second thread waits more than it works, and takes the core from the next
process. The number of threads belongs to the whole process, so only the main thread changes it and
puts it back; who cleans from other threads decides for himself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import current_thread, main_thread
from typing import Any


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the linear algebra of the process to one thread. Also a decorator."""
    if current_thread() is not main_thread():
        yield
        return
    with _linear_algebra().limit(limits=1):
        yield


@cache
def _linear_algebra() -> Any:
    """Return threadpoolctl's controller of the libraries that NumPy has loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
