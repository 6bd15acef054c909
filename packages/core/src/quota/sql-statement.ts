/** A statement with a `?` for each argument, in their order. */
export interface SqlStatement {
  readonly sql: string;
  readonly args: readonly (string | number | null)[];
}

/** A row that a statement returned. */
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * What is to be asked of a database to come to an answer: one statement at a time, each atomic by itself, the next decided by
 * the rows of the last. So one description serves databases that answer at once and those that answer later.
 */
export type SqlSteps<T> = Generator<SqlStatement, T, readonly SqlRow[]>;

/** Takes the steps with a database that answers at once: the storage of a Durable Object, node:sqlite. */
export function runNow<T>(steps: SqlSteps<T>, run: (statement: SqlStatement) => readonly SqlRow[]): T {
  for (let next = steps.next(); ; ) {
    if (next.done) return next.value;
    next = steps.next(run(next.value));
  }
}

/** Takes the steps with a database that answers later: libSQL. */
export async function runLater<T>(
  steps: SqlSteps<T>,
  run: (statement: SqlStatement) => Promise<readonly SqlRow[]>,
): Promise<T> {
  for (let next = steps.next(); ; ) {
    if (next.done) return next.value;
    next = steps.next(await run(next.value));
  }
}
