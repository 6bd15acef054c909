import { dayMs, kibibyte, minuteMs, secondMs } from "../units.ts";

/** Sizes, counts and times that both ends of the protocol hold to (PROTOCOL 7). */
export const limits = {
  frameBytes: 256 * kibibyte,
  commandBytes: 64 * kibibyte,
  /** Characters of the sealed part of a command. */
  sealedPartLength: 64 * kibibyte,
  /** Nesting of arrays and objects in a frame. */
  frameDepth: 32,
  handshakeStepMs: 10 * secondMs,
  heartbeatMs: 25 * secondMs,
  /** A bridge that sent nothing, heartbeats included, for this long is offline. */
  silenceMs: 75 * secondMs,
  /** The longest time over which bridges may be asked to spread their return. */
  longestSpreadMs: 10 * minuteMs,
  /** The longest that a bridge stays away because it was refused, whoever refused it. */
  longestRetryMs: 15 * minuteMs,
  /** Commands that may be on the way to a bridge without an acknowledgement. */
  commandsInFlight: 128,
  /** And about how many bytes of them; one that is larger goes alone. */
  commandsInFlightBytes: 1024 * kibibyte,
  /** Results that may be on the way to a relay without an acknowledgement. */
  resultsInFlight: 256,
  /** And about how many bytes of them; one that is larger goes alone. */
  resultsInFlightBytes: 1024 * kibibyte,
  /** Output that a bridge may send beyond the relay's credit. */
  outputCreditBytes: 256 * kibibyte,
  /** Output that a bridge may send although nobody takes it; what is taken earns as much again. */
  vainOutputBytes: 4 * 1024 * kibibyte,
  /** The most bytes of output in one frame, before base64. */
  outputChunkBytes: 48 * kibibyte,
  /** Output that a viewer may be behind before the relay stops sending to it; it catches up from the server's file. */
  viewerBehindBytes: 1024 * kibibyte,
  /** About how much all viewers of a server together may be behind. */
  viewersBehindBytes: 32 * 1024 * kibibyte,
  /** A viewer acknowledges after this many bytes of output. */
  viewerAckBytes: 128 * kibibyte,
  /** So many frames of telemetry are followed by a mark; so many more go out before it is answered. */
  framesPerCheckpoint: 32,
  /** Frames of one connection that no credit pays for: so many on average, and so many at once. */
  controlFramesPerSecond: 50,
  controlFramesBurst: 200,
  /** A bridge that sends more than that so often within the window is quarantined, longer each time. */
  rateStrikes: 3,
  rateStrikesWindowMs: 10 * minuteMs,
  firstQuarantineMs: minuteMs,
  longestQuarantineMs: 15 * minuteMs,
  /** What comes within this time of a frame to a viewer goes out with what follows it, in one message. */
  batchGatherMs: 4,
  batchFrames: 64,
  /** About the most text in a batch; most of it is output in base64, so characters are bytes. */
  batchLength: 192 * kibibyte,
  /** The most bytes of a package of the bridge. */
  releaseBytes: 32 * 1024 * kibibyte,
  /** The most base64 in one piece of a run's input. */
  inputChunkLength: 32 * kibibyte,
  /** Pieces of input that a viewer may have on the way. */
  inputInFlight: 128,
  /** Input that a viewer may have on the way, in base64, and that may wait for a program that does not read. */
  inputInFlightBytes: 64 * kibibyte,
  viewersPerServer: 256,
  topicsPerViewer: 64,
  /** The most workspaces whose readings one ticket shows. */
  workspacesPerTicket: 32,
  /** The end of a run's output, which the platform keeps. */
  tailBytes: 64 * kibibyte,
  ticketMs: minuteMs,
  viewerConnectionMs: 15 * minuteMs,
  clockSkewMs: 120 * secondMs,
  /** How long what a run holds is kept for it without a connection of its server, where it may not run on without one. */
  leaseMs: 10 * minuteMs,
  /** How often the relay looks at the leases of a server that is away, and how late a look may come. */
  leaseLookMs: minuteMs,
  leaseLateMs: 30 * secondMs,
  sampleWatchedMs: secondMs,
  sampleUnwatchedMs: 30 * secondMs,
  telemetryUnwatchedMs: minuteMs,
  /** How long readings are kept for whoever looks later: on the server while it is offline, and at the relay. */
  telemetryHistoryMs: dayMs,
  /** Readings come to the relay's history in pieces of this length: one row each. */
  historySlotMs: 5 * minuteMs,
  historySamplesPerFrame: 120,
  historyGapsPerFrame: 120,
} as const;

/** The exact text of a heartbeat and of its automatic answer, which does not wake the relay object (PROTOCOL 5.1). */
export const heartbeat = { ping: "ping", pong: "pong" } as const;
