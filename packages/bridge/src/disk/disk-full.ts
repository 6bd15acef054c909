const sqliteFull = 13;

/** Whether an error of the file system or of SQLite says that the disk, or what its owner may use of it, is full. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("errcode" in error && (Number(error.errcode) & 0xff) === sqliteFull) return true;
  return "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
