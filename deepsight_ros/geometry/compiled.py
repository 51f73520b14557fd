"""Loops over pixels and points as machine code: the one place that knows numba.

In: plain functions over arrays and numbers, with the types they are called with. Out: the same
functions compiled, free of the interpreter's lock while they run. Compiling takes seconds, once
for an installation: ``compile_all`` does it beforehand, and the result is kept on disk beside the
module. A kernel may call kernels of its own module only: numba does not see changes elsewhere.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

try:
    import numba
    from numba.core import sigutils
    from numba.core.caching import FunctionCache
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "numba is not installed, which perception is compiled with: `make setup`, or "
        "`pip install -r requirements/runtime.txt` where ROS comes from apt"
    ) from error

F = TypeVar("F", bound=Callable[..., Any])

_KERNELS: list[tuple[Any, str]] = []


class SharedCache(FunctionCache):
    """numba's store of machine code, for several processes at once.

    numba 0.68 writes which file holds which types before it writes that file, and two processes
    that save at once take the same file name: a third could load code made for other types, or
    for a former source, and crash in it. One lock per folder: who saves is alone.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with self._locked(fcntl.LOCK_SH):
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]

    def save_overload(self, sig: Any, data: Any) -> None:
        with self._locked(fcntl.LOCK_EX):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """The folder's lock; none where nothing can be written: nobody saves there."""
        try:
            folder = Path(self.cache_path)
            folder.mkdir(parents=True, exist_ok=True)
            file = os.open(folder / "kernels.lock", os.O_RDWR | os.O_CREAT)
        except OSError:
            yield
            return
        try:
            fcntl.flock(file, how)
            yield
        finally:
            os.close(file)


def compiled(signature: str) -> Callable[[F], F]:
    """Decorator: compile a function over arrays for one set of argument types.

    Args:
        signature: types of the arguments as numba writes them: ``"f4[:,::1], i8"`` is an (H, W)
            float32 array, contiguous, and an int64. Numbers that Python calls with as float or
            int come as f8 and i8. Arguments of other types are compiled for when first met.
    """

    def decorate(function: F) -> F:
        kernel: Any = numba.njit(nogil=True, error_model="numpy")(function)
        kernel._cache = SharedCache(function)  # type: ignore[no-untyped-call]
        _KERNELS.append((kernel, f"({signature},)"))
        return cast(F, kernel)

    return decorate


def compile_all(is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Compile every kernel of the modules imported so far, or load it from disk; how many there
    are. Where ``is_stopped`` says so, the rest is left for when it is called.

    On disk numba files a kernel under the signature as it was given. A call gives types, so types
    are given here too: under the text of a signature no call would find it again.
    """
    for kernel, signature in _KERNELS:
        if is_stopped():
            break
        types, _ = sigutils.normalize_signature(signature)  # type: ignore[no-untyped-call]
        kernel.compile(types)
    return len(_KERNELS)


def compiled_signatures() -> dict[str, int]:
    """Kernel -> for how many sets of argument types it has been compiled or loaded."""
    return {
        f"{kernel.py_func.__module__}.{kernel.py_func.__name__}": len(kernel.signatures)
        for kernel, _ in _KERNELS
    }


def compiled_misses() -> list[str]:
    """Kernels that this process had to compile because they were not on disk."""
    return [k.py_func.__name__ for k, _ in _KERNELS if sum(k.stats.cache_misses.values())]
