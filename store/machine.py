"""What the machine has that decides how a partition is indexed: memory and GPUs."""

import os
from functools import lru_cache
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def memory_bytes(cgroup: Path = CGROUP) -> int:
    """Return the memory of this machine, or what the container that this process runs in may use.

    Where the system does not tell, it is taken for 4 GiB.
    """
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        whole = 2**32
    limits = (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes")
    return min([whole, *filter(None, map(_limit, limits))])


@lru_cache(maxsize=1)
def gpus() -> int:
    """Count the GPUs that FAISS can use."""
    import faiss

    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


def _limit(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # there is no such file, or it says `max`
        return None
