from tests.processes.test_door_guests import *
def test_x(place, porch):
    path = porch / "door.sock"
    schedd = place.schedd(door=str(path))
    import time
    t=time.monotonic(); said=""
    while time.monotonic()-t<8:
        said=as_somebody(0,[0],submit_through(path))
        if said=="root": break
    assert said=="root"
