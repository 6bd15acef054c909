export interface BrokenLink {
  readonly line: number;
  readonly target: string;
}

/** Links of a Markdown text to files that do not exist; `exists` gets the path as it is written, without what follows a `#`. */
export function brokenLinks(markdown: string, exists: (path: string) => boolean): BrokenLink[] {
  const prose = markdown.replaceAll(/^(```|~~~)[^]*?^\1|`[^`\n]*`/gm, (code) => code.replaceAll(/[^\n]/g, " "));
  const links = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)[^)]*\)|^ *\[[^\]]+\]:\s*(\S+)/gm)];
  return links.flatMap((link) => {
    const target = link[1] ?? link[2] ?? "";
    const [path = ""] = target.split("#");
    if (path === "" || /^[a-z][a-z0-9+.-]*:/i.test(target) || exists(decodeURI(path))) return [];
    return [{ line: prose.slice(0, link.index).split("\n").length, target }];
  });
}
