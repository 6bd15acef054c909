/** Which lines of a log are drawn: what can be seen and a little more on either side. */
export interface LogWindow {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

const extraLines = 20;
/** A log of no more lines is drawn whole, so that the browser's own search finds everything in it. */
const drawnWhole = 2000;

/**
 * @param scrollTop pixels above what can be seen
 * @param height pixels that can be seen
 * @param lineHeight pixels of one line
 */
export function logWindow(
  lineCount: number,
  { scrollTop, height, lineHeight }: { scrollTop: number; height: number; lineHeight: number },
): LogWindow {
  if (lineCount <= drawnWhole) return { first: 0, end: lineCount };
  const first = Math.max(0, Math.floor(scrollTop / lineHeight) - extraLines);
  const end = Math.min(lineCount, Math.ceil((scrollTop + height) / lineHeight) + extraLines);
  return { first: Math.min(first, end), end };
}
