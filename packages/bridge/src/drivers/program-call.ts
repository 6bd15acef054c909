/** A program to start: never through a shell, with exactly these arguments and this environment. */
export interface ProgramCall {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether somebody may type into it. Its standard input is closed otherwise. */
  readonly takesInput?: boolean;
  /** Whom it runs as; without it, as the wrapper does. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Files that the program gets opened for reading, as its descriptors 3, 4, … */
  readonly files?: readonly string[];
  /** What is started before it and ended after it. */
  readonly companion?: Companion;
}

/** A program of ours beside a run and outside its sandbox. It gets nothing of the run's environment, and ends with its standard input. */
export interface Companion {
  readonly program: string;
  readonly args: readonly string[];
  /** It is made for the companion and removed in the end. */
  readonly directory: string;
  /** Whom the folder belongs to; null: the wrapper's user. The companion becomes it by itself. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}
