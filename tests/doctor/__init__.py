"""Every kind of finding is brought about, seen, mended, and then gone; and a mend that comes too late does nothing."""
