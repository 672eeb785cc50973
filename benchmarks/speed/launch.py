"""Starts a program, waits, and writes what it took into a file: python launch.py REPORT PROGRAM [ARGUMENT]...

It stands between the benchmark and what is measured because the system counts the memory of the one that starts a
program as that of the program; this one is as small as Python can be.
"""

import os
import sys
import time

began = time.perf_counter()
try:
    process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
except OSError as error:
    sys.exit(f"could not be started: {error.strerror}")
_, status, used = os.wait4(process, 0)
took = time.perf_counter() - began
with open(sys.argv[1], "w") as report:
    report.write(f"{took} {used.ru_utime + used.ru_stime} {used.ru_maxrss * 1024}")
sys.exit(abs(os.waitstatus_to_exitcode(status)))
