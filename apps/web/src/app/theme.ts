export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const storageKey = "quarterdeck.theme"; // public/theme.js reads it before the first paint.
const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function stored(): Theme {
  try {
    const value = localStorage.getItem(storageKey);
    return themes.find((theme) => theme === value) ?? "system";
  } catch {
    return "system"; // Storage may be forbidden: the choice then lasts as long as the page.
  }
}

let theme = stored();

function apply(): void {
  const isDark = theme === "dark" || (theme === "system" && darkScheme.matches);
  document.documentElement.classList.toggle("dark", isDark);
  for (const listener of listeners) listener();
}

darkScheme.addEventListener("change", apply);

export const themeStore = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: (): Theme => theme,
  isDark: (): boolean => document.documentElement.classList.contains("dark"),
  choose: (next: Theme): void => {
    theme = next;
    try {
      localStorage.setItem(storageKey, next);
    } catch {
      // See stored(): the choice lasts as long as the page.
    }
    apply();
  },
};
