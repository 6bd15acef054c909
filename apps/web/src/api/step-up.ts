/** A call that waits for its person to prove who they are. */
interface Asked {
  readonly answer: (isProved: boolean) => void;
}

let asked: readonly Asked[] = [];
const listeners = new Set<() => void>();

function set(next: readonly Asked[]): void {
  asked = next;
  for (const listener of listeners) listener();
}

/** Whether the one dialog is to be open, and what it answers to all calls that wait. */
export const stepUp = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  isAsked: (): boolean => asked.length > 0,
  ask: (): Promise<boolean> => new Promise((answer) => set([...asked, { answer }])),
  answer(isProved: boolean): void {
    const waiting = asked;
    set([]);
    for (const { answer } of waiting) answer(isProved);
  },
};
