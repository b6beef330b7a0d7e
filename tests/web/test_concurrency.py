"""Many requests of every kind at once get what they get one by one."""

from functools import partial

from builders import voice
from starlette.testclient import TestClient
from web_server import at_once, upload, wav

GROUP = [f"en/{number:03}.opus" for number in range(5, 15)]


def test_mixed_requests_at_once_are_answered_as_one_by_one(client: TestClient) -> None:
    reference = upload(client, wav(voice(1.5, seed=3)))
    posts = [
        ("/query", {"anchor": "en/004.opus", "group": GROUP}),
        ("/query", {"anchor": reference, "top": 5}),
        ("/query", {"anchor": "fr/001.opus", "language": "fr", "where": "duration_s > 1"}),
        ("/verify", {"a": reference, "b": "en/004.opus"}),
        ("/identify", {"anchor": "de/004.opus"}),
        ("/sql", {"statement": "select path, speaker from recordings order by path"}),
    ]
    gets = ["/facets", "/recordings?where=snr_db<30", "/map?limit=50", "/health"]
    asks = [partial(client.post, path, json=body) for path, body in posts]
    asks += [partial(client.get, path) for path in gets]
    alone = [ask().json() for ask in asks]
    together: dict[int, object] = {}

    def send(number: int) -> None:
        answer = asks[number % len(asks)]()
        assert answer.status_code == 200, answer.text
        together[number] = answer.json()

    at_once(*(partial(send, number) for number in range(3 * len(asks))))
    assert [together[number] for number in range(3 * len(asks))] == alone * 3
