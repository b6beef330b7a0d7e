import subprocess
import sys

import pytest

from spkret.errors import OptionalDependencyError, StoreError, UsageError
from spkret.store import urls
from spkret.store.remote import has_file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/store", True),
        ("FILE:///data", True),
        ("abfss://box@account/x", True),
        ("/data/store", False),
        ("store", False),
        ("s3:/bucket/store", False),
        ("c://x", False),
        ("a/s3://b", False),
    ],
)
def test_a_url_begins_with_a_protocol(text: str, expected: bool) -> None:
    assert urls.is_url(text) is expected


def test_bytes_go_to_a_bucket_and_back(bucket: str) -> None:
    files, path = urls.filesystem(f"{bucket}/some folder/language=en")
    assert path == f"{bucket.removeprefix('s3://')}/some folder/language=en"
    files.pipe_file(f"{path}/file.bin", b"content")
    again, _ = urls.filesystem(bucket)
    assert again.cat_file(f"{path}/file.bin") == b"content"
    assert files.find(path) == [f"{path}/file.bin"]
    with pytest.raises(FileNotFoundError):
        files.cat_file(f"{path}/nothing")


def test_an_endpoint_of_plain_http_needs_no_further_variable(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    files, path = urls.filesystem(bucket)
    files.pipe_file(f"{path}/file", b"1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.org")
    assert not urls.allows_http()


def test_a_file_url_is_a_path() -> None:
    files, path = urls.filesystem("file:///data/x y")
    assert (files.protocol[0], path) == ("file", "/data/x y")


def test_what_is_no_known_url_is_told() -> None:
    with pytest.raises(UsageError, match="expected a URL such as"):
        urls.filesystem("store")
    with pytest.raises(UsageError, match=r"expected a URL of .*s3"):
        urls.filesystem("nonsense://x")


@pytest.mark.parametrize("missing", ["fsspec", "obstore"])
def test_a_missing_package_names_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "find_spec", lambda name: None if name == missing else sys)
    with pytest.raises(OptionalDependencyError, match=r"spkret\[remote\]"):
        urls.filesystem("abfss://box@account/store")


def test_only_an_object_that_is_not_there_is_missing(bucket: str) -> None:
    files, path = urls.filesystem(bucket)
    files.pipe_file(f"{path}/a.wav", b"1")
    assert has_file(f"{bucket}/a.wav")
    assert not has_file(f"{bucket}/b.wav")
    with pytest.raises(StoreError, match="there is no such bucket"):
        has_file("s3://no-such-bucket/a.wav")


def test_a_process_that_used_obstore_waits_a_little_at_its_end(bucket: str) -> None:
    """Else Python may be taken down while obstore's threads let go of its objects: an abort."""
    code = (
        "import atexit, sys, time; from spkret.store import urls;"
        "atexit.register(lambda: print(time.monotonic() - ended > urls._LETS_GO_WITHIN_S));"
        "files, path = urls.filesystem(sys.argv[1]); files.exists(path); ended = time.monotonic()"
    )
    ended = subprocess.run([sys.executable, "-c", code, bucket], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "True\n"), ended.stderr
