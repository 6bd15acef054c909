import { Random } from "./world/random.ts";

/** What people do, at a time. */
export type Deed =
  | { readonly kind: "nothing"; readonly atMs: number }
  | {
      readonly kind: "submit";
      readonly atMs: number;
      readonly place: number;
      readonly durationMs: number;
      readonly lines: number;
      readonly exitCode: number;
      /** How long a line of its output is at least. */
      readonly lineBytes?: number;
      /** It is to follow the task of this deed, if that is of the same workspace. */
      readonly after?: number;
      /** It may not go on while its server is away for longer than its lease. */
      readonly isAttached?: true;
    }
  /** Cancels the task of the deed `of`, if that was a submission. */
  | { readonly kind: "cancel"; readonly atMs: number; readonly of: number }
  /** Somebody at the place `from` tries to see the run of the deed `of`, which is mostly another org's. */
  | { readonly kind: "intrude"; readonly atMs: number; readonly from: number; readonly of: number }
  | { readonly kind: "watch"; readonly atMs: number; readonly viewer: number; readonly of: number };

/** What lies between relay and API. */
export type BackLink = "relay>api" | "api>relay";

type Whose = "server" | "viewer" | "relay>api" | "api>relay" | "client>api";

/** What goes wrong, at a time. */
export type Fault =
  /** A server's connection stalls, its bridge gives it up and makes another, and what was on the way comes after all. */
  | {
      readonly kind: "switchover";
      readonly atMs: number;
      readonly forMs: number;
      readonly server: number;
      readonly afterMs: number;
    }
  | {
      readonly kind: "keys";
      readonly atMs: number;
      readonly change: "rotate" | "retire" | "revokeCurrent";
    }
  | {
      readonly kind: "cut";
      readonly atMs: number;
      readonly link: number;
      readonly whoHears: "both" | "client" | "server" | "nobody";
    }
  | { readonly kind: "stall"; readonly atMs: number; readonly forMs: number; readonly link: number }
  | { readonly kind: "pauseWrapper"; readonly atMs: number; readonly forMs: number; readonly server: number }
  | {
      readonly kind: "partition";
      readonly atMs: number;
      readonly forMs: number;
      readonly link: number | BackLink;
      readonly way: "both" | "toServer" | "toClient";
    }
  /** A partition that comes and goes. */
  | {
      readonly kind: "flap";
      readonly atMs: number;
      readonly forMs: number;
      readonly everyMs: number;
      readonly link: number | BackLink;
      readonly way: "both" | "toServer" | "toClient";
    }
  | {
      readonly kind: "requests";
      readonly atMs: number;
      readonly forMs: number;
      readonly whose: Whose;
      readonly loss: number;
      readonly repeat: number;
    }
  | {
      readonly kind: "frames";
      readonly atMs: number;
      readonly forMs: number;
      readonly link: number;
      readonly loss: number;
      readonly repeat: number;
      readonly swap: number;
    }
  | {
      readonly kind: "slow";
      readonly atMs: number;
      readonly forMs: number;
      readonly link: number;
      readonly latencyMs: number;
    }
  | { readonly kind: "killBridge"; readonly atMs: number; readonly server: number; readonly afterSteps: number | null }
  | { readonly kind: "killWrapper"; readonly atMs: number; readonly server: number; readonly afterSteps: number | null }
  | { readonly kind: "killApi"; readonly atMs: number; readonly afterSteps: number | null }
  | { readonly kind: "restartRelay"; readonly atMs: number; readonly forMs: number }
  /** Exactly before or after a commit of one of its objects. */
  | { readonly kind: "killRelay"; readonly atMs: number; readonly forMs: number; readonly afterSteps: number }
  | { readonly kind: "hibernateRelay"; readonly atMs: number }
  | { readonly kind: "reboot"; readonly atMs: number; readonly server: number; readonly losesPower: boolean }
  | { readonly kind: "outOfMemory"; readonly atMs: number; readonly server: number }
  | { readonly kind: "pause"; readonly atMs: number; readonly forMs: number; readonly server: number }
  | {
      readonly kind: "diskFull";
      readonly atMs: number;
      readonly forMs: number;
      readonly server: number;
      readonly leftBytes: number;
    }
  | { readonly kind: "diskError"; readonly atMs: number; readonly forMs: number; readonly server: number }
  | { readonly kind: "database"; readonly atMs: number; readonly forMs: number; readonly failure: number }
  | {
      readonly kind: "clock";
      readonly atMs: number;
      readonly forMs: number;
      readonly who: "api" | "relay" | number;
      readonly byMs: number;
    };

/** The share of scenarios that last longer than a day, and in which a server may be away for as long. */
const dayLong = 0.001;

export interface Scenario {
  readonly seed: string;
  readonly orgs: number;
  readonly servers: number;
  readonly projects: number;
  readonly viewers: number;
  /** A server with room for one run at a time, at which one project submits a lot at once, and others a little after it. */
  readonly crowded: number | null;
  readonly deeds: readonly Deed[];
  readonly faults: readonly Fault[];
  /** When everything is mended. */
  readonly healAtMs: number;
}

/** Draws a scenario. The same seed draws the same one. */
export function drawScenario(seed: string): Scenario {
  const random = new Random(`scenario ${seed}`);
  const servers = random.pick([1, 1, 2, 3]);
  const orgs = Math.min(servers, random.pick([1, 2]));
  const projects = servers * random.pick([1, 2, 3, 6]);
  // Mostly minutes; now and then past the lives of signatures and tickets, or of a day.
  const long = random.next();
  const healAtMs =
    long < dayLong
      ? 25 * 3_600_000
      : long < 0.02
        ? 60_000 * random.between(16, 70)
        : random.pick([20_000, 30_000, 45_000, 60_000, 120_000]);
  const viewers = healAtMs > 600_000 ? (long >= dayLong && random.chance(0.1) ? 1 : 0) : random.pick([0, 0, 1, 2, 3]);
  const at = () => Math.floor(random.next() ** 1.5 * Math.min(healAtMs, 180_000));
  const deeds: Deed[] = [];
  const submissions = random.between(2, 12);
  const forEver = 1_800_000;
  for (let i = 0; i < submissions; i++) {
    const isToBeCancelled = random.chance(0.25);
    const durationMs = random.pick([0, 5, 50, 500, 3000, 20_000, isToBeCancelled ? forEver : 3000]);
    deeds.push({
      kind: "submit",
      atMs: at(),
      place: random.between(0, projects - 1),
      durationMs,
      lines: random.between(0, 6),
      exitCode: random.pick([0, 0, 1]),
    });
    const cancelAtMs = random.chance(0.5) ? (deeds.at(-1)?.atMs ?? 0) + random.between(0, 40) : at();
    if (isToBeCancelled) deeds.push({ kind: "cancel", atMs: cancelAtMs, of: deeds.length - 1 });
    if (viewers > 0 && random.chance(0.5))
      deeds.push({
        kind: "watch",
        atMs: at(),
        viewer: random.between(0, viewers - 1),
        of: deeds.length - (deeds.at(-1)?.kind === "cancel" ? 2 : 1),
      });
  }
  const faults: Fault[] = [];
  const count = random.pick([0, 2, 3, 5, 8, 12]);
  // Half of them strike just when something is under way.
  const aimed = () =>
    random.chance(0.5) ? random.pick(deeds).atMs + random.between(0, random.pick([30, 300, 5000])) : at();
  for (let i = 0; i < count; i++) faults.push(drawFault(random, { at: aimed, servers, viewers, healAtMs }));
  // From a source of its own, as whatever is added here later, so that the rest of a seed's scenario stays what it was.
  const more = new Random(`switchover ${seed}`);
  if (more.chance(0.2)) {
    const [atMs, forMs] = [more.pick(deeds).atMs + more.between(0, 300), more.between(3000, 20_000)];
    faults.push({
      kind: "switchover",
      atMs,
      forMs,
      server: more.between(0, servers - 1),
      afterMs: more.between(5, 400),
    });
  }
  // Aimed at the moment in which a bridge takes a command: between what it says and what is on its disk.
  const intake = new Random(`intake ${seed}`);
  const submission = intake.pick(deeds);
  if (submission.kind === "submit" && intake.chance(0.15))
    faults.push({
      kind: "killBridge",
      atMs: submission.atMs + intake.between(0, 40),
      server: submission.place % servers,
      afterSteps: intake.pick([1, 1, 2, 3]),
    });
  // Frames are lost while one command after the other is sent: what comes after a hole must not count as everything before it.
  const lossy = new Random(`lossy ${seed}`);
  const busy = lossy.pick(deeds);
  if (busy.kind === "submit" && lossy.chance(0.15))
    faults.push({
      kind: "frames",
      atMs: busy.atMs,
      forMs: lossy.between(500, 5000),
      link: busy.place % servers,
      loss: 0.1 + lossy.next() * 0.2,
      repeat: 0,
      swap: 0,
    });
  const flap = new Random(`flap ${seed}`);
  if (flap.chance(0.15))
    faults.push({
      kind: "flap",
      atMs: flap.pick(deeds).atMs + flap.between(0, 1000),
      forMs: flap.between(2000, Math.min(healAtMs, 120_000)),
      everyMs: flap.pick([200, 1000, 6000, 30_000]),
      link: flap.between(0, servers + viewers - 1),
      way: flap.pick(["both", "both", "toServer", "toClient"]),
    });
  drawIntrusions(new Random(`spy ${seed}`), { projects, deeds });
  drawRelayFaults(new Random(`relay ${seed}`), { deeds, faults, healAtMs });
  drawFollowers(new Random(`follow ${seed}`), deeds);
  drawAttached(new Random(`lease ${seed}`), deeds);
  drawLostAnswer(new Random(`answer ${seed}`), { servers, deeds, faults });
  drawFlood(new Random(`flood ${seed}`), { projects, servers, viewers, deeds, faults });
  const crowded = drawRush(new Random(`rush ${seed}`), { servers, projects, deeds });
  return { seed, orgs, servers, projects, viewers, crowded, deeds, faults: withSafeKeyChanges(faults), healAtMs };
}

/** Somebody asks for runs that no ticket of theirs names. */
function drawIntrusions(random: Random, { projects, deeds }: Pick<Draft, "projects" | "deeds">): void {
  if (!random.chance(0.25)) return;
  for (const [of, deed] of deeds.entries()) {
    if (deed.kind !== "submit" || !random.chance(0.3)) continue;
    deeds.push({
      kind: "intrude",
      atMs: deed.atMs + random.between(50, 3000),
      from: random.between(0, projects - 1),
      of,
    });
  }
}

/** The relay dies between what it has written and what it says; it and the API do not reach each other. */
function drawRelayFaults(
  random: Random,
  { deeds, faults, healAtMs }: Pick<Draft, "deeds" | "faults"> & { readonly healAtMs: number },
): void {
  const at = () => random.pick(deeds).atMs + random.between(0, random.pick([20, 300, 3000]));
  if (random.chance(0.15))
    faults.push({ kind: "killRelay", atMs: at(), forMs: random.between(100, 5000), afterSteps: random.between(1, 12) });
  const link = random.pick<BackLink>(["relay>api", "api>relay"]);
  const way = random.pick<"both" | "toServer" | "toClient">(["both", "toServer", "toClient"]);
  const forMs = random.between(500, Math.min(healAtMs, 60_000));
  if (random.chance(0.08)) faults.push({ kind: "partition", atMs: at(), forMs, link, way });
  if (random.chance(0.05))
    faults.push({ kind: "flap", atMs: at(), forMs, everyMs: random.pick([200, 1000, 6000]), link, way });
}

/** A connection breaks when its bridge has a command and the relay has not heard so; the run is long over when it is back. */
function drawLostAnswer(random: Random, { servers, deeds, faults }: Pick<Draft, "servers" | "deeds" | "faults">): void {
  const short = deeds.filter((deed) => deed.kind === "submit" && deed.durationMs <= 500);
  const [deed] = short.length > 0 && random.chance(0.15) ? [random.pick(short)] : [];
  if (deed?.kind !== "submit") return;
  const link = deed.place % servers;
  const atMs = deed.atMs + random.between(10, 45);
  faults.push({ kind: "cut", atMs, link, whoHears: "both" });
  faults.push({ kind: "partition", atMs: atMs + 1, forMs: random.between(3000, 10_000), link, way: "both" });
}

/** In some scenarios, lets submissions follow earlier ones. */
function drawFollowers(random: Random, deeds: Deed[]): void {
  if (!random.chance(0.4)) return;
  for (const [index, deed] of deeds.entries()) {
    if (deed.kind !== "submit" || !random.chance(0.6)) continue;
    const earlier = [...deeds.entries()].filter(([, one]) => one.kind === "submit" && one.atMs < deed.atMs);
    if (earlier.length > 0) deeds[index] = { ...deed, after: random.pick(earlier)[0] };
  }
}

/** In some scenarios, some runs may not go on while their server is away. */
function drawAttached(random: Random, deeds: Deed[]): void {
  if (!random.chance(0.4)) return;
  for (const [index, deed] of deeds.entries())
    if (deed.kind === "submit" && random.chance(0.5)) deeds[index] = { ...deed, isAttached: true };
}

/** Now and then, adds what makes projects compete for a server. */
function drawRush(
  random: Random,
  { servers, projects, deeds }: { servers: number; projects: number; deeds: Deed[] },
): number | null {
  if (projects < 2 * servers || !random.chance(0.1)) return null;
  const server = random.between(0, servers - 1);
  const [busy = server, ...others] = Array.from({ length: projects / servers }, (_, n) => server + n * servers);
  const atMs = random.between(0, 5000);
  const submit = (place: number, laterMs: number): Deed => ({
    kind: "submit",
    atMs: atMs + laterMs,
    place,
    durationMs: random.pick([500, 3000]),
    lines: 1,
    exitCode: 0,
  });
  const many = random.between(5, 9);
  for (let i = 0; i < many; i++) deeds.push(submit(busy, random.between(0, 200)));
  for (const place of others.slice(0, 3)) deeds.push(submit(place, random.between(500, 3000)));
  return server;
}

/** What of a scenario is drawn already. */
interface Draft {
  readonly servers: number;
  readonly projects: number;
  readonly viewers: number;
  readonly deeds: Deed[];
  readonly faults: Fault[];
}

/** Now and then, a program writes a lot while whoever watches it reads nothing. */
function drawFlood(random: Random, { projects, servers, viewers, deeds, faults }: Draft): void {
  if (viewers === 0 || !random.chance(0.05)) return;
  const atMs = random.between(0, 3000);
  const place = random.between(0, projects - 1);
  const [viewer, forMs] = [random.between(0, viewers - 1), random.between(4000, 20_000)];
  deeds.push({ kind: "submit", atMs, place, durationMs: 2000, lines: 40, exitCode: 0, lineBytes: 48 * 1024 });
  deeds.push({ kind: "watch", atMs: atMs + 100, viewer, of: deeds.length - 1 });
  faults.push({ kind: "stall", atMs: atMs + random.between(300, 900), forMs, link: servers + viewer });
}

/** A revocation waits for no server, so with another change it may shut one out that is away: as documented, and no mistake. */
function withSafeKeyChanges(faults: readonly Fault[]): Fault[] {
  const revocation = faults.find((fault) => fault.kind === "keys" && fault.change === "revokeCurrent");
  return faults.filter((fault) => !revocation || fault.kind !== "keys" || fault === revocation);
}

function drawFault(
  random: Random,
  { at, servers, viewers, healAtMs }: { at: () => number; servers: number; viewers: number; healAtMs: number },
): Fault {
  const atMs = at();
  const server = random.between(0, servers - 1);
  const link = random.between(0, servers + viewers - 1);
  const forMs = Math.floor(random.pick([1000, 5000, 30_000, healAtMs]) * random.next());
  const afterSteps = random.chance(0.75) ? random.between(1, 24) : null;
  return random.pick<() => Fault>([
    () => ({ kind: "cut", atMs, link, whoHears: random.pick(["both", "client", "server", "nobody"]) }),
    () => ({ kind: "keys", atMs, change: random.pick(["rotate", "rotate", "retire", "revokeCurrent"]) }),
    () => ({ kind: "stall", atMs, forMs: forMs + 1000, link }),
    () => ({ kind: "pauseWrapper", atMs, forMs: Math.min(forMs, 8000), server }),
    () => ({ kind: "partition", atMs, forMs, link, way: random.pick(["both", "toServer", "toClient"]) }),
    () => ({
      kind: "requests",
      atMs,
      forMs,
      whose: random.pick(["relay>api", "api>relay", "client>api"]),
      loss: random.next() * 0.3,
      repeat: random.next() * 0.5,
    }),
    () => ({
      kind: "frames",
      atMs,
      forMs,
      link,
      loss: random.next() * 0.3,
      repeat: random.next() * 0.5,
      swap: random.next() * 0.2,
    }),
    () => ({ kind: "slow", atMs, forMs, link, latencyMs: random.pick([200, 5000]) }),
    () => ({ kind: "killBridge", atMs, server, afterSteps }),
    () => ({ kind: "killBridge", atMs, server, afterSteps }),
    () => ({ kind: "killWrapper", atMs, server, afterSteps }),
    () => ({ kind: "killWrapper", atMs, server, afterSteps }),
    () => ({ kind: "killApi", atMs, afterSteps }),
    () => ({ kind: "restartRelay", atMs, forMs: Math.min(forMs, 20_000) }),
    () => ({ kind: "hibernateRelay", atMs }),
    () => ({ kind: "reboot", atMs, server, losesPower: random.chance(0.6) }),
    () => ({ kind: "outOfMemory", atMs, server }),
    () => ({ kind: "pause", atMs, forMs, server }),
    () => ({ kind: "diskFull", atMs, forMs, server, leftBytes: random.between(0, 20_000) }),
    () => ({ kind: "diskError", atMs, forMs: Math.min(forMs, 3000), server }),
    () => ({ kind: "database", atMs, forMs, failure: random.next() * 0.5 }),
    () => ({
      kind: "clock",
      atMs,
      forMs,
      who: random.pick<"api" | "relay" | number>(["api", "relay", server]),
      byMs: random.pick([-3_600_000, 3_600_000, 10 * 365 * 86_400_000, -60_000]),
    }),
  ])();
}
