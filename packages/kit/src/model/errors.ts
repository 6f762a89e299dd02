/** Exit codes of the command line. Programs are written against them: add, don't renumber. */
export const Exit = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notRunning: 4,
  deadline: 5,
  prerequisite: 6,
  refused: 10,
  interrupted: 130,
} as const;

export type ExitCode = (typeof Exit)[keyof typeof Exit];

export interface KitErrorFields {
  /** Stable, upper case, listed in docs/errors.md. */
  code: string;
  /** What failed, in one sentence. */
  what: string;
  /** Why it failed, as far as it is known: evidence, not a guess. */
  why?: string;
  /** What to do about it: a command where there is one. */
  fix?: string;
  /** More lines for a person to read, such as the tail of a log. */
  detail?: string;
  exit?: ExitCode;
  cause?: unknown;
}

/** A failure that a user can understand and mend. Anything else that is thrown is a bug and keeps its stack. */
export class KitError extends Error {
  readonly code: string;
  readonly what: string;
  readonly why: string | undefined;
  readonly fix: string | undefined;
  readonly detail: string | undefined;
  readonly exit: ExitCode;

  constructor(fields: KitErrorFields) {
    super(
      fields.why ? `${fields.what}: ${fields.why}` : fields.what,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.name = "KitError";
    this.code = fields.code;
    this.what = fields.what;
    this.why = fields.why;
    this.fix = fields.fix;
    this.detail = fields.detail;
    this.exit = fields.exit ?? Exit.failed;
  }

  /** The `error` member of a JSON document. */
  toDocument(): { code: string; what: string; why: string; fix: string; docs: string } {
    return {
      code: this.code,
      what: this.what,
      why: this.why ?? "",
      fix: this.fix ?? "",
      docs: `docs/errors.md#${this.code.toLowerCase()}`,
    };
  }
}
