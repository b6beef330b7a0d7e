"""Objects that only one of several writers makes."""

from datetime import timedelta
from typing import TYPE_CHECKING

from ..errors import StoreError
from .remote import Remote, reason
from .urls import allows_http

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig


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

    client: ClientConfig = {
        "connect_timeout": "5s",
        "timeout": "60s",
        "allow_http": allows_http(),
    }
    retries: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
    try:
        store = from_url(remote.url, client_options=client, retry_config=retries)
        obstore.put(store, name, data, mode="create")
    except AlreadyExistsError:
        return False
    except Exception as error:  # the library has many of its own
        raise StoreError(f"cannot use {remote.url}: {reason(error)}") from error
    return True
