"""The door: ``operations`` and ``views`` over a unix socket, for a command line that need not load a driver.

Law: never knows what it carries. A function is found by its name, its arguments and answer are understood by their
types. What the command line imports of it (``served``, ``client``, ``frames``, ``troubles``, ``where``) stays light.

The protocol, of which a version of the program speaks exactly one: lines of JSON, each ended by a line feed.

1. Who connects is greeted at once with a ``Greeting``, or with one that says why he is refused, and hung up on. Who he
   is, the kernel tells (SO_PEERCRED, SO_PEERGROUPS: unix(7)); nothing that he says himself is believed.
2. He asks with a ``Request``: the name of a function, ``views.jobs.queue``, and its arguments but the cluster.
3. Once it is begun, and while it is worked on, an empty line comes every quarter of a second; it means nothing else.
4. A ``Reply`` comes: the answer, or the trouble. Then he may ask again, or stay silent for ten seconds, or hang up.

Whoever hears nothing for a second, or what he does not understand, takes it that nobody is there, hangs up, and asks
Postgres himself. Once he has hung up nothing more is begun for him, and he is looked for once more before each COMMIT,
so what was slow does not come after what he did since. It may have been done before: all that is served is safe to
repeat, and ``Cluster.repeats`` tells it so. What the server says it did, and cannot tell, is not repeated.
"""
