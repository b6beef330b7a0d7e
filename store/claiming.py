"""Objects that only one of several writers makes."""

from ..errors import StoreError
from .remote import Remote, reason
from .urls import obstore_options


def claim(remote: Remote, name: str, data: bytes) -> bool:
    """Write an object as a whole unless it is there, in one step; tell whether it was written.

    Raises
    ------
    StoreError
        The service does not do it.
    """
    import obstore
    from obstore.exceptions import AlreadyExistsError
    from obstore.store import from_url

    try:
        store = from_url(remote.url, **obstore_options())
        obstore.put(store, name, data, mode="create")
    except AlreadyExistsError:
        return False
    except Exception as error:  # the library has many of its own
        raise StoreError(f"cannot use {remote.url}: {reason(error)}") from error
    return True
