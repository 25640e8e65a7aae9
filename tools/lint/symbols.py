"""What the built files hold: no weak symbol in the ISA folders, no shared library but the C one."""

import re
import subprocess

LEVELS = ("simd", "avx2", "avx2_vnni", "avx512", "amx")
NEEDED = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}


def weak(nm_output):
    """Weak definitions in nm's output: the linker keeps one copy, compiled for any CPU."""
    return [line.split()[-1] for line in nm_output.splitlines()
            if re.match(r"^[0-9a-f]+ [WVu] ", line)]


def foreign(readelf_output):
    """Shared libraries that the file needs beyond libc, libm and the loader."""
    return sorted(set(re.findall(r"\(NEEDED\).*\[(.+)\]", readelf_output)) - NEEDED)


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def problems(root):
    release = root / "build/release"
    program = release / "millrace"
    if not program.exists():
        return ["build/release/millrace is not built"]
    found = [f"build/release/millrace needs {library}"
             for library in foreign(output("readelf", "-d", program))]
    objects = release / "CMakeFiles/mr_kern.dir/src/kern"
    for file in sorted(p for level in LEVELS for p in (objects / level).glob("**/*.o")):
        found += [f"{file.relative_to(objects)}: weak symbol {name}"
                  for name in weak(output("nm", "-C", file))]
    return found
