/** A change of one shipped source file: the wrong version of it that a scenario must catch. */
export interface Patch {
  /** The file, from the repository's root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * A shipped file's source with its patches made, one after the other.
 *
 * @throws Error when one of them does not fit exactly one place, as the source was changed since it was written
 */
export function applyPatches(source: string, patches: readonly Patch[]): string {
  let patched = source;
  for (const { file, find, replace } of patches) {
    const places = patched.split(find).length - 1;
    if (places !== 1) throw new Error(`the patch of ${file} fits ${places} places, not one: ${find}`);
    patched = patched.replace(find, () => replace);
  }
  return patched;
}
