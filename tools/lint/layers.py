"""A module includes itself and the modules above it, never one below."""

import re

import source

INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/', re.M)
KERNEL_INCLUDE = re.compile(r'^\s*#\s*include\s+(?:<([^>]+)>|"([^"]+)")', re.M)
KERNEL_LEVELS = ("simd", "avx2", "avx2_vnni", "avx512", "amx")
KERNEL_MAY = ("immintrin.h", "cstddef", "cstdint", "kern/table.h")


def order(root):
    """The modules, top first, as CMakeLists.txt builds them."""
    listed = re.search(r"set\(MILLRACE_LAYERS ([^)]*)\)", (root / "CMakeLists.txt").read_text())
    return listed[1].split()


def documented(root):
    """The modules in the table of docs/architecture.md."""
    page = root / "docs/architecture.md"
    return re.findall(r"^\| \d+ \| (\w+) \|", page.read_text(), re.M) if page.exists() else None


def problems(root):
    modules = order(root)
    found = []
    if documented(root) not in (None, modules):
        found.append("docs/architecture.md: its table and CMakeLists.txt's MILLRACE_LAYERS differ")
    for file in source.files(root):
        path, text = file.relative_to(root), file.read_text()
        module = path.parts[1]
        if module not in modules:
            found.append(f"{path}: {module} is no module of MILLRACE_LAYERS")
            continue
        for used in INCLUDE.findall(text):
            if used in modules and modules.index(used) > modules.index(module):
                found.append(f"{path}: {module} includes {used}, a layer below it")
        found += kernel_problems(path, text)
    return found


def kernel_problems(path, text):
    """The files of an ISA folder see intrinsics and the table: no inline function of a library."""
    if path.parts[1] != "kern" or path.parts[2] not in KERNEL_LEVELS:
        return []
    included = (a or b for a, b in KERNEL_INCLUDE.findall(text))
    return [f"{path}: a kernel file includes {name}" for name in included
            if name not in KERNEL_MAY and not name.startswith("kern/simd/")]
