import { secondMs } from "@quarterdeck/core/units";
import { useEffect, useState } from "react";
import { serverNowMs } from "../api/server-time.ts";

/** The platform's time, renewed every `everyMs` while `isRunning`. */
export function useNow(everyMs: number = secondMs, isRunning = true): number {
  const [nowMs, setNowMs] = useState(() => serverNowMs(Date.now()));
  useEffect(() => {
    if (!isRunning) return undefined;
    const tick = () => setNowMs(serverNowMs(Date.now()));
    tick();
    const timer = setInterval(tick, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, isRunning]);
  return nowMs;
}
