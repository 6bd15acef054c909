// Runs before the first paint, so that a dark page never flashes white. src/app/theme.ts keeps the choice.
(() => {
  let choice = "system";
  try {
    choice = localStorage.getItem("quarterdeck.theme") ?? "system";
  } catch {
    // Storage may be forbidden; the system's choice is used then.
  }
  const isDark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", isDark);
})();
