"""Numbers as Markdown, and their place in a document."""

import re


def table(head, rows):
    """The first column to the left, all others to the right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"


def milliseconds(value):
    return f"{value * 1000:.1f} ms"


def mebibytes(value):
    return f"{value / 2**20:.1f} MiB"


def peak(measured):
    return mebibytes(measured.peak) if measured.peak > measured.floor else f"below {mebibytes(measured.floor)}"


def times(value):
    return f"{value:.2f}×" if value < 10 else f"{value:.0f}×"


def number(value):
    return f"{value:,}"


def verdict(is_met):
    return "met" if is_met else "**missed**"


def chart(title, axis, labels, values):
    """A chart that GitHub draws."""
    names = ", ".join(f'"{label}"' for label in labels)
    points = ", ".join(f"{value:.1f}" for value in values)
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'    title "{title}"',
            f"    x-axis [{names}]",
            f'    y-axis "{axis}" 0 --> {max(values) * 1.2:.1f}',
            f"    bar [{points}]",
            "```",
        ]
    )


def rewrite(document, name, text):
    """The document with the part between two marks replaced."""
    begin, end = f"<!-- {name}: made by benches/compare/run -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(document):
        raise RuntimeError(f"the document has no place for {name}: {begin} … {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", document)
