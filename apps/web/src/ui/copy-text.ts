/** Puts a text on the clipboard. Returns whether it is there: browsers refuse outside of https and loopback. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // The caller tells the person, who can still select the text.
  }
}
