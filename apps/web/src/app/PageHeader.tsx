import { ChevronRight } from "lucide-react";
import { Fragment, useEffect, type ReactNode } from "react";

export interface PageHeaderProps {
  /** What the browser's tab says. */
  readonly documentTitle: string;
  readonly title: ReactNode;
  readonly trail?: readonly ReactNode[];
  readonly meta?: ReactNode;
  readonly actions?: ReactNode;
}

export function PageHeader({ documentTitle, title, trail = [], meta, actions }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${documentTitle} · Quarterdeck`;
  }, [documentTitle]);
  return (
    <header className="mb-5 flex flex-wrap items-end justify-between gap-x-4 gap-y-3">
      <div className="min-w-0 flex-1 basis-72">
        {trail.length > 0 && (
          <nav className="mb-1 flex flex-wrap items-center gap-1 text-xs text-muted [&_a:hover]:text-ink [&_a:hover]:underline">
            {trail.map((crumb, index) => (
              // A trail has no other identity
              <Fragment key={index}>
                {index > 0 && <ChevronRight className="size-3 rtl:rotate-180" aria-hidden />}
                {crumb}
              </Fragment>
            ))}
          </nav>
        )}
        <h1 className="text-xl leading-7 font-semibold tracking-tight break-words">{title}</h1>
        {meta !== undefined && (
          <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">{meta}</div>
        )}
      </div>
      {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
    </header>
  );
}
