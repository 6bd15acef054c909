interface ToastEntry {
  readonly id: number;
  readonly text: string;
}

const mostAtOnce = 4;

let entries: readonly ToastEntry[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly ToastEntry[]): void {
  entries = next;
  for (const listener of listeners) listener();
}

export const toasts = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: (): readonly ToastEntry[] => entries,
  show: (text: string): void => set([...entries, { id: ++lastId, text }].slice(-mostAtOnce)),
  remove: (id: number): void => set(entries.filter((entry) => entry.id !== id)),
};
