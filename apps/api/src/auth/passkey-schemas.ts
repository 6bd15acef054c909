import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import * as z from "zod";

// Longer than any authenticator's, short enough to be no burden.
const base64url = z
  .string()
  .max(8192)
  .regex(/^[\w-]*$/);
const transport = z.enum(["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"]);
// Parts that the platform does not read are let through unread: browsers add to them.
const common = {
  id: base64url,
  rawId: base64url,
  type: z.literal("public-key"),
  authenticatorAttachment: z.enum(["cross-platform", "platform"]).optional(),
  clientExtensionResults: z.looseObject({}),
};
const message = "This is not the answer of an authenticator.";

const registration = z.object({
  ...common,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(transport).max(10).optional().catch(undefined),
  }),
});

const authentication = z.object({
  ...common,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.optional(),
  }),
});

/** What a browser answers for a new passkey (WebAuthn 3, 5.1). */
export const registrationSchema = z.custom<RegistrationResponseJSON>((value) => registration.safeParse(value).success, {
  message,
});

/** What a browser answers for a passkey that there is. */
export const authenticationSchema = z.custom<AuthenticationResponseJSON>(
  (value) => authentication.safeParse(value).success,
  { message },
);
