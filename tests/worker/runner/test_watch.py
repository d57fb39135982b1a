"""The machine's state is reported when it should be, and only then."""

from jaxtour.worker.machine import devices
from jaxtour.worker.runner import watch


class Sink:
    def __init__(self):
        self.said = []

    def say(self, event):
        self.said.append(event)


class Meter:
    driver = "1"

    def __init__(self):
        self.told, self.paused = 50.0, []

    def read(self, found):
        return {device.id: self.told for device in found}

    def pause(self):
        self.paused.append(True)

    def resume(self):
        self.paused.append(False)


def host(load, used):
    return {"cpu": "", "cores": 1, "memory_bytes": 1000, "load": load, "used_bytes": used}


def test_only_what_is_news_is_said_and_not_twice_in_a_second(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(devices, "host", lambda: host(1.0, 500))
    sink, meter = Sink(), Meter()
    watching = watch.DeviceWatch(sink, devices.open_devices(), (), meter)
    watching.look()
    assert len(sink.said) == 1 and sink.said[0]["devices"][0]["utilization"] == 50.0
    clock[0] += 0.4
    meter.told = 90.0
    watching.look()
    assert len(sink.said) == 1
    assert 0 < watching.patience() <= 0.6 + 1e-9
    clock[0] += 0.6
    watching.look()
    assert len(sink.said) == 2
    clock[0] += 5
    assert watching.patience() == 1.0
    meter.told = 91.0
    monkeypatch.setattr(devices, "host", lambda: host(1.1, 503))
    watching.look()
    assert len(sink.said) == 2
    monkeypatch.setattr(devices, "host", lambda: host(None, None))
    watching.look()
    assert len(sink.said) == 3


def test_what_sways_is_said_once_and_what_drifts_is_said_again(monkeypatch):
    clock, sink = [100.0], Sink()
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock[0])
    watching = watch.DeviceWatch(sink, devices.open_devices(), (), None)
    for load in (0.74, 0.76, 0.5, 0.99, 1.25, 0.8, 1.7, 1.8):
        monkeypatch.setattr(devices, "host", lambda load=load: host(load, 500))
        clock[0] += 2
        watching.look()
    assert [event["host"]["load"] for event in sink.said] == [0.74, 1.25, 1.8]


def test_nothing_is_looked_at_while_something_is_measured(monkeypatch):
    sink, meter = Sink(), Meter()
    watching = watch.DeviceWatch(sink, devices.open_devices(), (), meter)
    monkeypatch.setattr(watch.threading, "Thread", None)
    with watching.during(measured=True):
        assert meter.paused == [True]
    assert meter.paused == [True, False]


def test_a_look_that_fails_under_the_code_of_a_lesson_is_logged(monkeypatch):
    sink = Sink()
    monkeypatch.setattr(watch, "EVERY_S", 0.01)
    watching = watch.DeviceWatch(sink, devices.open_devices(), ())
    monkeypatch.setattr(watch, "facts", lambda *_: 1 / 0)
    with watching.during(measured=False):
        while not sink.said:
            pass
    text = "the devices are no longer watched: ZeroDivisionError('division by zero')"
    assert sink.said == [{"event": "log", "text": text}]
