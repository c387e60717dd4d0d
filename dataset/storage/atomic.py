"""Atomic file operations and locks: after kill -9 at any point, either the old or the new file exists.

Everything is written under a temporary name, synced and renamed.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from ...errors import DatasetError

TEMPORARY = ".tmp-"
SYNC_THREADS, SYNC_BATCH = 8, 256
_LOG = logging.getLogger("aimdata")


@contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    """Turn an OSError while writing (full disk, no permission) into a DatasetError about `path`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise DatasetError(
            f"{path} could not be written ({reason}); free space or use another folder, then repeat."
        ) from error


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path` (flock); the end of the process releases it too.

    If another process holds it, a warning is logged once (logger `aimdata`) before waiting.
    """
    descriptor = _open_lock(path)
    try:
        if not _try_lock(descriptor):
            _LOG.warning("Another process is writing to %s; waiting until it is done.", path.parent)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def shared_lock(path: Path, clean: list[Path]) -> Iterator[None]:
    """Hold a shared lock on the file `path`; if nobody else holds it, first remove leftover temporaries in `clean`.

    Every writer holds this lock while it has temporary files, so when nobody else holds it, all temporary files are
    leftovers of dead processes.
    """
    descriptor = _open_lock(path)
    try:
        if _try_lock(descriptor):
            for folder in clean:
                remove_temporaries(folder)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    with translate_write_errors(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _try_lock(descriptor: int) -> bool:
    """Try to take the exclusive lock; return whether it was free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_temporaries(folder: Path) -> None:
    """Delete what an interrupted writer left in `folder`; the caller knows that no writer is running."""
    for path in folder.glob(f"{TEMPORARY}*"):
        remove(path)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def remove_in_one_step(path: Path) -> None:
    """Remove a folder atomically: rename it, then delete it."""
    grave = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=path.parent))
    with suppress(FileNotFoundError):
        path.rename(grave / path.name)
    shutil.rmtree(grave, ignore_errors=True)


def sync(path: Path) -> None:
    """Flush a file, or a folder's directory entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Flush `folder` and every file and folder below it to disk, several at a time: a disk writes many at once."""
    paths = _tree(folder)
    with ThreadPoolExecutor(SYNC_THREADS) as threads:
        while batch := list(islice(paths, SYNC_BATCH)):
            for _ in threads.map(sync, batch):
                pass


def _tree(folder: Path) -> Iterator[Path]:
    """Every file and folder below `folder`, and `folder` last."""
    with os.scandir(folder) as entries:  # os.walk would list a folder of a million files first
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _tree(Path(entry.path))
            else:
                yield Path(entry.path)
    yield folder


def replace(path: Path, data: bytes) -> None:
    """Write a file atomically: readers see the old or the new content, also after a power cut."""
    with translate_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync(path.parent)
