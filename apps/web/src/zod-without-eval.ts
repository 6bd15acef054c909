import * as z from "zod";

// Zod compiles schemas with `new Function` where it may. Our content security policy forbids that, and trying it is
// reported as a violation. Imported before every schema.
z.config({ jitless: true });
