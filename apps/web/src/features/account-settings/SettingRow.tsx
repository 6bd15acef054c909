import type { ReactNode } from "react";
import { Card } from "../../ui/Card.tsx";

/** What something is set to, and the buttons that change it. */
export function SettingRow({ children, actions }: { children: ReactNode; actions: ReactNode }) {
  return (
    <Card className="flex flex-wrap items-center justify-between gap-3 p-4 text-sm">
      <div className="min-w-0 flex-1 basis-52 break-words">{children}</div>
      <div className="flex flex-wrap gap-2">{actions}</div>
    </Card>
  );
}
