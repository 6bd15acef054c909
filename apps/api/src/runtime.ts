import type { Clock } from "@quarterdeck/core/clock";
import type { Id, IdKind } from "@quarterdeck/core/ids";
import type { Sessions } from "./auth/lucia.ts";
import type { RightsInUse } from "./auth/rights-in-use.ts";
import type { CommandSealer } from "./content/seal-command.ts";
import type { StreamKeys } from "./content/stream-keys.ts";
import type { Database } from "./db/database.ts";
import type { Env } from "./env.ts";
import type { ChangeSignal } from "./events/change-signal.ts";
import type { HousekeepingState } from "./housekeeping-state.ts";
import type { PublicAddress } from "./http/public-address.ts";
import type { Keys } from "./keys/keys.ts";
import type { SecretBox } from "./keys/secret-box.ts";
import type { Log } from "./log.ts";
import type { OpenConnections } from "./rates/open-connections.ts";
import type { Mailer } from "./mail/mailer.ts";
import type { RequestRates } from "./rates/request-rates.ts";
import type { RelayLink } from "./relay/relay-link.ts";
import type { SubmissionLanes } from "./tasks/submission-lanes.ts";
import type { OfferedRelease } from "./updates/offered-release.ts";
import type { Writer } from "./writer.ts";

/** What the services work with: made once at start, handed to each procedure in its context. */
export interface Runtime {
  readonly env: Env;
  readonly log: Log;
  readonly clock: Clock;
  readonly makeId: <K extends IdKind>(kind: K) => Id<K>;
  readonly keys: Keys;
  readonly db: Database;
  readonly writer: Writer;
  readonly sessions: Sessions;
  readonly address: PublicAddress;
  readonly relay: RelayLink;
  readonly rights: RightsInUse;
  /** Null without a mail server: links then wait for the operator. */
  readonly mailer: Mailer | null;
  /** Keeps secrets in the database unreadable without the master key. */
  readonly secrets: SecretBox;
  readonly streamKeys: StreamKeys;
  readonly commandSealer: CommandSealer;
  readonly submissions: SubmissionLanes;
  /** How often each user, org and address is answered. */
  readonly requestRates: RequestRates;
  /** How many consoles and viewers each org has open. */
  readonly connections: OpenConnections;
  /** Wakes who follows changes. */
  readonly changes: ChangeSignal;
  /** Wakes the outbox drainer: something is to be sent. */
  readonly nudgeOutbox: () => void;
  /** The package of the bridge that is offered to servers; null where there is none. */
  readonly release: OfferedRelease | null;
  /** Wakes the rollout driver: there is a new rollout, or less to do in one. */
  readonly nudgeRollouts: () => void;
  /** Something was reported of a server, for which a rollout may wait. */
  readonly serverHeard: () => void;
  /** How the last housekeeping of this process went. */
  readonly housekeeping: HousekeepingState;
}
