/** A mistake in how a command was called, or something that the platform refused: its message is for the person. */
export class PlatformCommandError extends Error {
  override readonly name = "PlatformCommandError";
}
