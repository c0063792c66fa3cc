"""What we measure of ourselves, and what this machine could do at best.

Law: each module measures one thing: ``measure(quick)`` answers plain data, and run by itself the module prints it as
JSON. Its docstring is the method, and goes into the page of results word for word. A measure is of the program as
users run it, durable, quoted beside the machine's own limit of the same minutes and the noise of the neighbours; it is
the median of several runs, all of which are kept, unless the docstring says why not. What is good enough stands in
``targets``, never in a measure. Nothing in the product may know that it is measured: what only a benchmark needs is
here.
"""
