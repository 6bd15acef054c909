import { Skeleton } from "../../ui/Skeleton.tsx";

export function ChartSkeletons() {
  return (
    <div className="grid gap-3 md:grid-cols-2">
      {["h-44", "h-44", "h-44", "h-44"].map((height, index) => (
        // They have no other identity
        <Skeleton key={index} className={height} />
      ))}
    </div>
  );
}
