import { Skeleton } from "../ui/Skeleton.tsx";

/** A page that is about to be: its header and what is below. */
export function PageSkeleton() {
  return (
    <div className="flex flex-col gap-5">
      <Skeleton className="h-16 max-w-md" />
      <Skeleton className="h-96" />
    </div>
  );
}
