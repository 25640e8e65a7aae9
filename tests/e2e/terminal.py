"""A terminal that tests look at: a window of a tmux server of its own."""
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 120  # seconds; a slow machine is no error


class Terminal:
    """Runs a command in a shell, so that its exit code shows as [exit N] behind it."""

    def __init__(self, command, columns=80, lines=24, env=()):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = str(Path(self.folder.name) / "tmux")
        self.record = Path(self.folder.name) / "record"
        shell = f"trap : INT; {command}; echo \"[exit $?]\"; exec cat"
        # The shell waits for the recording to begin.
        wait = f"while [ ! -e {self.record}.on ]; do sleep 0.01; done; "
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", lines,
                  *(part for pair in env for part in ("-e", pair)), "sh", "-c", wait + shell)
        self.tmux("pipe-pane", f"cat > {self.record}")
        Path(f"{self.record}.on").touch()

    def tmux(self, *args, check=True):
        argv = ["tmux", "-u", "-S", self.socket, *map(str, args)]
        env = dict(os.environ, LC_ALL="C.UTF-8")
        return subprocess.run(argv, capture_output=True, text=True, check=check, env=env,
                              timeout=PATIENCE).stdout

    def screen(self):
        """The lines seen, those that were wrapped joined."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-2000")

    def raw(self):
        """All bytes that were written to the terminal."""
        return self.record.read_bytes()

    def until(self, seen):
        """Waits until the screen is so; `seen` is a text on it or a function of it."""
        is_so = seen if callable(seen) else lambda screen: seen in screen
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            screen = self.screen()
            if is_so(screen):
                return screen
            time.sleep(0.03)
        raise AssertionError(f"not seen: {seen}\n{self.screen()}")

    def until_prompts(self, n):
        """Waits for the n-th prompt, at the end of the screen."""
        return self.until(lambda s: s.count(">>>") >= n and s.rstrip().endswith(">>>"))

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def key(self, *names):
        self.tmux("send-keys", *names)

    def line(self, text):
        self.type(text)
        self.key("Enter")

    def resize(self, columns, lines):
        self.tmux("resize-window", "-x", columns, "-y", lines)

    def close(self):
        self.tmux("kill-server", check=False)
        self.folder.cleanup()


def has_tmux():
    return shutil.which("tmux") is not None
