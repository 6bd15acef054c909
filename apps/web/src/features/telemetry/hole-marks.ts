import type uPlot from "uplot";
import type { Hole } from "./holes.ts";

const stripeStep = 7;

/** Hatches the holes of a chart, behind its lines. */
export function markHoles(holes: () => readonly Hole[], color: () => string): uPlot.Plugin {
  return {
    hooks: {
      drawAxes(plot) {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
        ctx.clip();
        for (const { fromMs, toMs } of holes()) {
          const left = Math.max(bbox.left, plot.valToPos(fromMs / 1000, "x", true));
          const right = Math.min(bbox.left + bbox.width, plot.valToPos(toMs / 1000, "x", true));
          if (right > left) hatch(ctx, { left, right, top: bbox.top, bottom: bbox.top + bbox.height }, color());
        }
        ctx.restore();
      },
    },
  };
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function hatch(ctx: CanvasRenderingContext2D, { left, right, top, bottom }: Box, color: string): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, right - left, bottom - top);
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.lineWidth = window.devicePixelRatio;
  ctx.beginPath();
  const height = bottom - top;
  for (let x = left - height; x < right; x += stripeStep * window.devicePixelRatio) {
    ctx.moveTo(x, bottom);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}
