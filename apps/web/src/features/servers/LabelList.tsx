import { Badge } from "../../ui/Badge.tsx";

export function LabelList({ labels }: { labels: readonly string[] }) {
  return labels.map((label) => (
    <Badge key={label}>
      <bdi className="max-w-40 truncate">{label}</bdi>
    </Badge>
  ));
}
