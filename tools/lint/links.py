"""Links in README.md and docs/ that lead nowhere in the checkout."""

import re

LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def page_problems(root, page):
    for found in LINK.finditer(FENCE.sub("", page.read_text())):
        link = found[1] or found[2]
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists():
            yield f"{page.relative_to(root)}: no such file: {link}"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            yield f"{page.relative_to(root)}: no such heading: {link}"


def problems(root):
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "models").glob("*.md")]
    return [problem for page in sorted(pages) for problem in page_problems(root, page)]
