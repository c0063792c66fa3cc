"""Every knob: what it is called, its type, unit and default, why one would turn it, and where its value came from.

Law: settings are read once, at the door, into one frozen ``Settings`` that is handed down. Below the door a
variable or a file is never read to learn how to behave, and nothing here acts on a setting.
Errors are ``ValueError`` with a sentence that names the file (or variable, or flag) and the key. Imports stay
light: every command pays for them.
"""

from clusterctl.settings.discretion import indiscretions
from clusterctl.settings.knobs import SETTINGS, Setting, Settings
from clusterctl.settings.resolve import Origin, load, origins, problems, strangers, understand
from clusterctl.settings.stack import is_of_stack, running_stack

__all__ = [
    "SETTINGS",
    "Origin",
    "Setting",
    "Settings",
    "indiscretions",
    "is_of_stack",
    "load",
    "origins",
    "problems",
    "running_stack",
    "strangers",
    "understand",
]
