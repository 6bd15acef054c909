import { dayMs, gibibyte, hourMs, kibibyte, mebibyte, minuteMs, secondMs } from "../../units.ts";
import { QuantityKind, unit } from "./quantity-kind.ts";

const tebibyte = 1024 * gibibyte;
const pebibyte = 1024 * tebibyte;

/** Cpu, in millicores: `500m`, `2`, `0.5`, `1.5 cores`. A number alone is cores, as Kubernetes writes it. */
export const cpuQuantity = new QuantityKind({
  name: "cpu",
  smallest: "millicores",
  examples: "500m, 2 or 0.5",
  units: [unit(1, ["m"]), unit(1000, ["", "core", "cores"])],
});

/**
 * Memory, disk and volume, in bytes: `1024`, `512Mi`, `10 GiB`, `1.5 GB`. `Ki`, `Mi`, `Gi`, `Ti` and `Pi` are powers of 1024,
 * `k`, `M`, `G`, `T` and `P` powers of 1000, each with or without a `B`.
 */
export const bytesQuantity = new QuantityKind({
  name: "size",
  smallest: "bytes",
  examples: "512Mi, 10 GiB or 1.5 GB",
  units: [
    unit(1, ["", "B"]),
    unit(1e3, ["k", "kB", "K", "KB"]),
    unit(kibibyte, ["Ki", "KiB"]),
    unit(1e6, ["M", "MB"]),
    unit(mebibyte, ["Mi", "MiB"]),
    unit(1e9, ["G", "GB"]),
    unit(gibibyte, ["Gi", "GiB"]),
    unit(1e12, ["T", "TB"]),
    unit(tebibyte, ["Ti", "TiB"]),
    unit(1e15, ["P", "PB"]),
    unit(pebibyte, ["Pi", "PiB"]),
  ],
  ambiguous: {
    m: "M for millions of bytes or Mi for mebibytes",
    b: "B for bytes",
    kb: "kB for bytes",
    Kb: "kB for bytes",
    Mb: "MB for bytes",
    Gb: "GB for bytes",
    Tb: "TB for bytes",
  },
});

/**
 * Bandwidth, in bytes per second: `1 MB/s`, `10 Mbit/s`, `512 KiB/s`. Eight bits are a byte; a number alone has no meaning.
 * `Mbps` is refused: networks mean bits by it, and Linux's traffic control means bytes.
 */
export const bandwidthQuantity = new QuantityKind({
  name: "bandwidth",
  smallest: "bytes per second",
  examples: "10 Mbit/s or 1 MB/s",
  units: [
    unit(1, ["B/s"]),
    unit(1e3, ["kB/s", "KB/s"]),
    unit(kibibyte, ["KiB/s"]),
    unit(1e6, ["MB/s"]),
    unit(mebibyte, ["MiB/s"]),
    unit(1e9, ["GB/s"]),
    unit(gibibyte, ["GiB/s"]),
    unit(1, ["bit/s"], 8),
    unit(1e3, ["kbit/s", "Kbit/s"], 8),
    unit(1e6, ["Mbit/s"], 8),
    unit(1e9, ["Gbit/s"], 8),
  ],
  ambiguous: {
    bps: "bit/s for bits or B/s for bytes",
    kbps: "kbit/s for bits or kB/s for bytes",
    Mbps: "Mbit/s for bits or MB/s for bytes",
    mbps: "Mbit/s for bits or MB/s for bytes",
    Gbps: "Gbit/s for bits or GB/s for bytes",
    MBps: "MB/s for bytes",
    Bps: "B/s for bytes",
  },
});

/** Durations, in milliseconds: `500 ms`, `90 s`, `15 min`, `1.5 h`, `30 d`. A day is 24 hours here. */
export const durationQuantity = new QuantityKind({
  name: "duration",
  smallest: "milliseconds",
  examples: "500 ms, 90 s, 15 min or 1.5 h",
  units: [unit(1, ["ms"]), unit(secondMs, ["s"]), unit(minuteMs, ["min"]), unit(hourMs, ["h"]), unit(dayMs, ["d"])],
  ambiguous: { m: "min for minutes or ms for milliseconds", M: "min for minutes or d for days" },
});
