import * as z from "zod";
import { defaultLifecycleFactors, lifecycleFactorsSchema, type LifecycleFactors } from "./lifecycle.ts";
import { defaultPresets, presetsSchema, type Presets } from "./presets.ts";
import { defaultRequestTiers, requestTiersSchema, type RequestTiers } from "./request-tiers.ts";

/** What the operator of a platform decides about quotas. */
export interface QuotaSettings {
  readonly presets: Presets;
  readonly requestTiers: RequestTiers;
  readonly lifecycle: LifecycleFactors;
}

/** What holds where the operator says nothing. */
export const defaultQuotaSettings: QuotaSettings = {
  presets: defaultPresets,
  requestTiers: defaultRequestTiers,
  lifecycle: defaultLifecycleFactors,
};

/** What an operator writes: each part is whole, and one that is left out stays as it is. */
export const quotaSettingsSchema = z.strictObject({
  presets: presetsSchema.default(defaultQuotaSettings.presets),
  requestTiers: requestTiersSchema.default(defaultQuotaSettings.requestTiers),
  lifecycle: lifecycleFactorsSchema.default(defaultQuotaSettings.lifecycle),
});
