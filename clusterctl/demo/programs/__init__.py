"""The programs that the demo's jobs run, each as a file of its own: ``python -I -S area.py``.

Law: the standard library only, and results in files of the working directory. A program never imports clusterctl,
nor another of these: it is a stranger's, and knows of the cluster what stands in its environment.
"""
