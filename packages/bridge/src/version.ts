import manifest from "../package.json" with { type: "json" };

export const bridgeVersion: string = manifest.version;
