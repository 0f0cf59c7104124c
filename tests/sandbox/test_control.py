"""The control API and the phones page."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.product import ANN, Bench, menu, say

HERE = "http://sandbox.test"


def test_a_phone_can_be_used_through_the_control_api(bench: Bench) -> None:
    """Ring, pick up, hear, press, hang up."""
    bench.product.answers = {"answer": menu(), "keys": say("Thank you.")}
    phone = f"{HERE}/_sandbox/phones/{ANN}"
    bench.call()
    assert bench.api.post(f"{phone}/pick-up").status_code == 409
    bench.api.post(f"{HERE}/_sandbox/clock", json={"advance": 2})
    assert bench.api.get(phone).json()["state"] == "ringing"
    assert bench.api.post(f"{phone}/pick-up").json()["state"] == "talking"
    bench.api.post(f"{HERE}/_sandbox/clock", json={"advance": 0})
    state = bench.api.get(phone).json()
    assert (state["heard"], state["menu"], state["caller"]) == (["Press one."], True, "+15550109999")
    bench.api.post(f"{phone}/press", json={"digits": "1"})
    bench.api.post(f"{HERE}/_sandbox/clock", json={"advance": 0})
    assert bench.api.get(phone).json()["heard"][-1] == "Thank you."
    assert bench.api.post(f"{phone}/hang-up").json()["state"] == "idle"
    assert bench.api.post(f"{phone}/explode").status_code == 404
    assert bench.api.get(f"{HERE}/_sandbox/calls").json()[0]["pressed"] == "1"


def test_the_log_can_be_followed(bench: Bench) -> None:
    """From a record on, or one kind only."""
    bench.call()
    bench.world.advance(2)
    records = bench.api.get(f"{HERE}/_sandbox/log").json()
    assert [record["kind"] for record in records][:2] == ["call.requested", "call.dialled"]
    later = bench.api.get(f"{HERE}/_sandbox/log?since={records[1]['number']}").json()
    assert later[0]["number"] == 3
    assert {record["kind"] for record in bench.api.get(f"{HERE}/_sandbox/log?kind=callback.").json()} == {"callback.sent"}


def test_faults_scripts_and_phones_can_be_posted(bench: Bench) -> None:
    """And their faults are told."""
    assert bench.api.post(f"{HERE}/_sandbox/faults", json={"kind": "status", "status": 429, "on": "Message"}).status_code == 201
    assert bench.text().status_code == 429
    assert bench.api.post(f"{HERE}/_sandbox/faults", json={"kind": "odd"}).status_code == 400
    assert len(bench.api.get(f"{HERE}/_sandbox/faults").json()) == 1
    assert bench.api.delete(f"{HERE}/_sandbox/faults").status_code == 204
    assert bench.api.post(f"{HERE}/_sandbox/script", content='phones: {"+15550100007": busy}').json()["phones"] == 2
    assert bench.api.post(f"{HERE}/_sandbox/script", content="phones: 3").status_code == 400
    declared = bench.api.put(f"{HERE}/_sandbox/phones/+15550100008", json={"name": "Cid", "habit": "declines"})
    assert declared.json()["habits"] == ["declines"]
    assert bench.api.put(f"{HERE}/_sandbox/phones/+15550100008", json={"habit": "odd"}).status_code == 400


def test_everything_kept_can_be_looked_at(bench: Bench) -> None:
    """As JSON."""
    bench.text()
    bench.call(to="+15550109123")
    bench.world.advance(5)
    overview = bench.api.get(f"{HERE}/_sandbox/").json()
    assert overview["unexpected"][0]["number"] == "+15550109123"
    for path in ("phones", "log", "calls", "messages", "slack", "mail", "clock", "faults"):
        assert bench.api.get(f"{HERE}/_sandbox/{path}").status_code == 200
    assert bench.api.get(f"{HERE}/_sandbox/messages").json()[0]["state"] == "delivered"


@pytest.mark.parametrize(
    "body",
    [
        '"x"', "[]", "[60]", "null", "60", "{}", "not JSON", "", "[" * 5000,
        '{"advance": "x"}', '{"advance": [60]}', '{"advance": {}}', '{"advance": null}', '{"advance": true}', '{"advance": ""}',
        '{"advance": -1}', '{"advance": 31622401}', '{"advance": 1e20}', '{"advance": "1e20"}', '{"advance": 1e400}',
        '{"advance": NaN}', '{"advance": Infinity}', '{"advance": "-inf"}', f'{{"advance": {"9" * 400}}}',
    ],
)  # fmt: skip
def test_a_time_that_the_clock_cannot_be_moved_by_is_refused(bench: Bench, body: str) -> None:
    """400, in one line; the clock stands where it stood and the pages go on working."""
    before = bench.world.now()
    answer = bench.api.post(f"{HERE}/_sandbox/clock", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    (fault,) = answer.json()["faults"]
    assert "advance" in fault
    assert bench.world.now() == before
    assert bench.api.get(f"{HERE}/").status_code == 200


@pytest.mark.parametrize("wanted", [0, 1.5, "60", 366 * 24 * 3600])
def test_the_clock_is_moved_by_up_to_a_year(bench: Bench, wanted: object) -> None:
    """In JSON or as a form."""
    for sent in ({"json": {"advance": wanted}}, {"data": {"advance": wanted}}):
        before = bench.world.now()
        assert bench.api.post(f"{HERE}/_sandbox/clock", **sent).json()["now"] == before + float(wanted)  # type: ignore[arg-type]


def test_a_form_without_a_time_is_refused(bench: Bench) -> None:
    """As when JSON is sent under the name of a form, which curl does by itself."""
    assert bench.api.post(f"{HERE}/_sandbox/clock", content='{"advance": 60}').status_code == 400
    assert bench.api.post(f"{HERE}/_sandbox/clock", data={"advance": "soon"}).status_code == 400


def test_another_web_site_cannot_reach_in(bench: Bench) -> None:
    """Its page's posts name it as their origin."""
    headers = {"Origin": "https://evil.example"}
    assert bench.api.delete(f"{HERE}/_sandbox/faults", headers=headers).status_code == 403
    assert bench.api.post(f"{HERE}/phone/{ANN[1:]}/pick-up", headers=headers).status_code == 403
    assert bench.api.delete(f"{HERE}/_sandbox/faults", headers={"Origin": HERE}).status_code == 204


def test_the_phones_page_lists_the_phones(bench: Bench) -> None:
    """Without scripts from anywhere else."""
    bench.world.phone(ANN, "Ann <3")
    page = bench.api.get(f"{HERE}/")
    assert page.status_code == 200
    assert "Ann &lt;3" in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "https://" not in page.text


def test_a_phones_page_works_without_javascript(bench: Bench) -> None:
    """Every button is a form."""
    bench.product.answers = {"answer": menu(), "keys": say("Thank you.")}
    bench.call()
    bench.world.advance(2)
    page = f"{HERE}/phone/{ANN[1:]}"
    assert "Pick up" in bench.api.get(page).text
    assert bench.api.post(f"{page}/pick-up").status_code == 303
    bench.world.advance()
    assert "Press one." in bench.api.get(page).text
    bench.api.post(f"{page}/press", data={"digits": "1"})
    bench.world.advance()
    bench.api.post(f"{page}/press", data={"digits": "x"})
    bench.api.post(f"{page}/hang-up")
    bench.api.post(f"{page}/hang-up")
    assert "Thank you." in bench.api.get(page).text
    assert bench.api.get(f"{HERE}/phone/15550100099").status_code == 404


@pytest.mark.parametrize("name", ["sandbox.css", "phone.js", "phones.js", "phone.svg"])
def test_the_pages_files_are_there(bench: Bench, name: str) -> None:
    """Served by the sandbox itself."""
    answer: httpx.Response = bench.api.get(f"{HERE}/static/{name}")
    assert answer.status_code == 200
