/** What rules about repositories are compared with: the host and the path, without how and as whom it is reached. */
export function repositoryName(url: string): string | null {
  const scp = /^[^@\s/:]+@([^\s/:]+):(.+)$/.exec(url);
  if (scp) return clean(`${scp[1]}/${scp[2]}`);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || !URL.canParse(url)) return null;
  const { hostname, pathname } = new URL(url);
  return hostname === "" ? null : clean(`${hostname}${decoded(pathname)}`);
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname; // A percent sign that stands for itself: so git sends it, too.
  }
}

function clean(name: string): string {
  return name
    .toLowerCase()
    .replace(/\/+/g, "/")
    .replace(/(\.git)?\/?$/, "");
}

/** Whether a repository is what a pattern means: `*` stands for any characters; a host alone means all that is on it. */
export function matchesRepository(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase().replace(/(\.git)?\/?$/, "");
  return matches(wanted.includes("/") ? wanted : `${wanted}/*`, name);
}

/** In time linear in pattern × name, whatever both are. */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let starPlace = 0;
  while (place < text.length) {
    if (pattern[at] === "*") {
      star = at;
      starPlace = place;
      at += 1;
    } else if (at < pattern.length && pattern[at] === text[place]) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      at = star + 1;
      starPlace += 1;
      place = starPlace;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
