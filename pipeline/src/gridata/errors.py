"""Failures that a user can understand and mend. The twin of `packages/kit/src/model/errors.ts`."""

from enum import IntEnum
from typing import TypedDict


class Exit(IntEnum):
    """Exit codes of the command line. Programs are written against them: add, don't renumber."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_RUNNING = 4
    DEADLINE = 5
    PREREQUISITE = 6
    REFUSED = 10
    INTERRUPTED = 130


class ErrorDocument(TypedDict):
    """The `error` member of a JSON document."""

    code: str
    what: str
    why: str
    fix: str
    docs: str


class KitError(Exception):
    """Says what failed, why and how to mend it, under a stable code. Anything else that is raised is a bug."""

    def __init__(self, code: str, what: str, why: str = "", fix: str = "", *, exit: Exit = Exit.FAILED) -> None:
        super().__init__(f"{what}: {why}" if why else what)
        self.code = code
        self.what = what
        self.why = why
        self.fix = fix
        self.exit = exit

    def to_document(self) -> ErrorDocument:
        return {
            "code": self.code,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
            "docs": f"docs/errors.md#{self.code.lower()}",
        }
