/** The name that a git address suggests for its project: its last part, without `.git`. */
export function repositoryName(url: string): string {
  const last =
    url
      .trim()
      .replace(/(?<!\/)\/+$/, "")
      .split(/[/:]/)
      .at(-1) ?? "";
  return last.replace(/\.git$/, "").slice(0, 64);
}
