/** The mark: a helm whose needle points ahead. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden>
      <rect width="32" height="32" rx="8" fill="#0f4c5c" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round">
        <circle cx="16" cy="16" r="7.2" />
        <path d="M16 4.8v5M16 22.2v5M4.8 16h5M22.2 16h5" />
      </g>
      <path d="M16 16l4.2-4.2" stroke="#ffb454" strokeWidth="2.4" strokeLinecap="round" />
      <circle cx="16" cy="16" r="2" fill="#ffb454" />
    </svg>
  );
}
