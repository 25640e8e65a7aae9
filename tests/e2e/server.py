"""A `millrace serve` of the release program, for the tests of what it speaks."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))


class Server:
    """Runs until `stop`; `url` is where, `log` what it has said on stderr."""

    def __init__(self, *flags):
        command = [PROGRAM, "serve", "--port", "0", "--drain-delay", "0", *map(str, flags)]
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      text=True)
        self.log, self.url = [], None
        for line in self.child.stderr:
            self.log.append(line)
            found = re.search(r"listening on (\S+)", line)
            if found:
                self.url = found[1]
                break
        if not self.url:
            self.child.wait(timeout=60)
            self.child.stderr.close()
            raise RuntimeError("".join(self.log))
        self.reader = threading.Thread(target=lambda: self.log.extend(self.child.stderr))
        self.reader.start()
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self, how=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(how)
        code = self.child.wait(timeout=60)
        self.reader.join()
        self.child.stderr.close()
        return code


def temporary(text):
    """The name of a file with this text, which the caller removes."""
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(text)
    return file.name


def main():
    import unittest
    if not Path(PROGRAM).exists():
        print(f"skipped: {PROGRAM} is not built")
        sys.exit(77)
    unittest.main(module="__main__")
