"""The live view of `run`: what its events panel shows. CPython only."""

from tools.desk.view import LiveView

_L = "L 52.5,%s,78,48,1,1,%d,0.4,00,2.5,0.033,0.000,0.0,0.0,A,7,0.9,%d,96"


def test_a_stream_of_positions_is_one_brief_line():
    view = LiveView()
    view.line("server", "TWIZY42 login: car")
    for second in range(30):
        view.line("app", _L % (f"13.39{second:02d}", second, second))
    (login, location) = view.shown()
    assert "login" in login
    assert location.endswith(
        "app: L location: longitude 13.3929 °, speed 29 km/h, GPS speed 29 km/h"
    )
    view.line("module", "tick")
    view.line("app", _L % ("13.3929", 29, 29))
    assert view.shown()[-1].endswith("app: L location: as before")
    assert len(view.shown()) == 4


def test_the_first_message_is_whole_and_many_changes_are_counted():
    view = LiveView()
    view.line("app", "W 30.1,24,41.3,26,30.1,24,41.3,29,1")
    assert view.shown()[0].count(",") == 8
    view.line("app", "W 30.2,25,41.4,27,30.1,24,41.4,30,1")
    assert view.shown()[1].endswith(", 2 more") and view.shown()[1].count(",") == 4
    view.line("app", "Z 1")
    assert view.shown()[2].endswith("app: Z car: online")
