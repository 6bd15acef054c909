import { addressKey } from "../rates/address-key.ts";
import type { ThrottleRule } from "./throttle.ts";

const perDevice = 10;
const perAccountAndAddress = 10;
const perAddress = 100;
const perAccount = 50;

/** What is tried: a password of an e-mail address, or a code of an account. */
interface Attempt {
  readonly what: "sign-in" | "code";
  readonly account: string;
  readonly address: string;
  /** A device that this account was signed in to from before, by its own cookie. */
  readonly device: string | null;
}

/**
 * What an attempt counts against. All addresses together get an allowance for each account, so many of them are of no
 * more use than one; who comes from a known device has one of its own, which nobody else can use up.
 */
export function attemptRules({ what, account, address, device }: Attempt): readonly ThrottleRule[] {
  if (device !== null) return [{ key: `${what}|device|${account}|${device}`, most: perDevice }];
  const peer = addressKey(address);
  return [
    { key: `${what}|${account}|${peer}`, most: perAccountAndAddress },
    { key: `${what}|address|${peer}`, most: perAddress },
    { key: `${what}|account|${account}`, most: perAccount },
  ];
}

/** What is forgotten after an attempt that succeeded. */
export function ownRule(attempt: Attempt): string {
  return attemptRules(attempt)[0]?.key ?? "";
}

/** Links and ceremonies with tokens that cannot be guessed: by address only. */
export function tokenRules(what: string, address: string): readonly ThrottleRule[] {
  return [{ key: `${what}|${addressKey(address)}`, most: perAddress }];
}
