/** Pages of the account and of the platform: they are there whatever the org demands, and where there is none. */
const paths = ["/settings/account", "/operator", "/no-organization"];

export function isWithoutOrg(path: string): boolean {
  return paths.some((page) => path === page || path.startsWith(`${page}/`));
}
