import { useEffect, type ReactNode } from "react";
import { Card } from "../../ui/Card.tsx";
import { Logo } from "../../ui/Logo.tsx";

/** The one card of the pages before somebody is signed in. */
export function AuthCard({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Quarterdeck`;
  }, [title]);
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center gap-6 px-4 py-10">
      <div className="flex items-center gap-3">
        <Logo className="size-9" />
        <span className="text-lg font-semibold tracking-tight">Quarterdeck</span>
      </div>
      <Card className="w-full max-w-sm p-6">
        <h1 className="text-lg font-semibold">{title}</h1>
        <p className="mt-1 mb-5 text-sm text-muted">{text}</p>
        {children}
      </Card>
    </main>
  );
}
