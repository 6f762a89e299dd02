"""`docs/bad-input.md`, from the table of cases."""

from itertools import groupby

from bad_input.cases import CASES, Case

_HEAD = """# Bad input

What happens to a file that is wrong, or looks wrong. Each case here is a test; this page is made from them
(`WRITE_PAGES=1 ./gridata test unit`). Every file is held against a contract of four columns: `id int` (required), `name string`,
`amount decimal(8,2)`, `day date`; CSV, comma, UTF-8, unless said.

A **record** that is bad goes to the evidence (`records.jsonl`, shown by `check` and `trace`) with its number, line, column, rule and value;
the others are published. A **file** is refused whole when it can't be understood, or holds more bad records than its contract allows.
"""


def page() -> str:
    parts = [_HEAD]
    for group, cases in groupby(CASES, key=lambda case: case.group):
        parts.append(f"## {group}\n")
        parts.extend(_case(case) for case in cases)
    return "\n".join(parts)


def _case(case: Case) -> str:
    said = [f"`{k}: {v!r}`" for k, v in {**case.dialect, **case.limits}.items()]
    said += [f"`{name}: {more}`" for name, more in case.columns.items()]
    if case.share < 1:
        said.append(f"`errorThreshold: {case.share:.0%}`")
    lines = [f"### {case.title}\n"]
    if said:
        lines.append(f"The contract says {', '.join(said)}.\n")
    if case.content:
        lines.append(f"```text\n{_shown(case.content)}\n```\n")
    if case.refused:
        lines.append(f"Refused, `{case.refused[0]}`: {_escaped(case.refused[1])}.\n")
    else:
        lines.append(f"Accepted: {_count(len(case.rows))}.\n")
    lines.extend(
        f"- record {record}, line {line}{f', column `{column}`' if column else ''}: rule `{rule}`, {_line(value)}"
        for record, line, column, rule, value in case.told
    )
    if case.told:
        lines.append("")
    if case.note:
        lines.append(f"{case.note}\n")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("_", r"\_").replace("*", r"\*")


def _count(rows: int) -> str:
    return f"{rows} record{'' if rows == 1 else 's'}"


def _line(value: str) -> str:
    shown = value.replace(" ", "␠" if value != value.strip() else " ").replace("\0", "␀")
    return f"value `{shown}`" if shown else "no value"


def _shown(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    text = content.decode(encoding, "backslashreplace").replace("\ufeff", "⟨mark⟩").replace("\0", "␀")
    lines = text.replace("\r\n", "␍␊\n").replace("\r", "␍\n").split("\n")
    return "\n".join(line if len(line) < 100 else f"{line[:60]} … {line[-20:]}" for line in lines).rstrip("\n")
