import type { GivenShareView } from "../../api/views.ts";

export type SliceLimits = GivenShareView["limits"];
export type SliceResource = keyof SliceLimits;

/** In the order in which they are asked for. */
export const sliceResources = ["cpu", "memory", "disk", "bandwidth", "io", "runs"] as const satisfies SliceResource[];
