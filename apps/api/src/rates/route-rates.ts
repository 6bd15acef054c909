/**
 * How many requests a minute of one address are answered, by what they are for. Requests of accounts (`/trpc`, `/downloads`) have the
 * rates of their plan instead. A page is some dozens of files, and an office or a fleet of servers is behind one address.
 */
export const routeRates = {
  /** The console's files. */
  files: 6_000,
  health: 1_200,
  enrol: 300,
  install: 600,
  /** Bridges and viewers that connect to the relay through here: a fleet comes back at once. */
  connect: 12_000,
} as const;

export type RatedRoute = keyof typeof routeRates;

const routes: readonly (readonly [RegExp, RatedRoute | null])[] = [
  [/^\/(?:trpc|downloads)(?:\/|$)/, null],
  [/^\/(?:bridge|viewer)\//, "connect"],
  [/^\/enrol$/, "enrol"],
  [/^\/install(?:\.sh$|\/)/, "install"],
  [/^\/(?:health|readyz)$/, "health"],
];

/** What rate a path has; null: that of who asks. What is not named is a file, or nothing. */
export function ratedRouteOf(path: string): RatedRoute | null {
  const found = routes.find(([pattern]) => pattern.test(path));
  return found === undefined ? "files" : found[1];
}
