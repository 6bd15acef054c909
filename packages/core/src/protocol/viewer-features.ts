/**
 * What a page may understand beyond the frames of version 1.0. It names them when it connects, so that a page which was
 * loaded before a deployment gets nothing that it does not know (PROTOCOL 6.8).
 *
 * - `batch`: several frames in one message
 * - `checkpoint`: a mark that the page answers with `reached`
 * - `workspaces`: readings of workspaces, and of pressure
 * - `network`: what passed over the network in readings of workspaces
 */
export const viewerFeatures = ["batch", "checkpoint", "workspaces", "network"] as const;
export type ViewerFeature = (typeof viewerFeatures)[number];

/** Writes what a page understands, for the `features` parameter of the viewer's address. */
export function featuresText(): string {
  return viewerFeatures.join(",");
}

/** Reads the parameter. What this relay does not know is left out: the page is newer. */
export function readFeatures(text: string | null): ViewerFeature[] {
  const named = new Set(text?.split(","));
  return viewerFeatures.filter((feature) => named.has(feature));
}
