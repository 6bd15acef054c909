import fc from "fast-check";
import { nameSchema } from "@quarterdeck/core/actions/names";
import { expect, test } from "vitest";
import { nameKeys, areAlike } from "../src/names/name-keys.ts";
import { refusalOf, TestApi } from "./test-api.ts";

/** Names that programs get wrong: by cutting, by turning, by comparing bytes, by escaping. */
const hardNames = [
  "مشروع المتجر",
  "ısparta",
  "İzmir",
  "👩‍👩‍👧 family",
  "🇦🇪",
  "𠜎𠜱𠝹",
  "नमस्ते",
  "ไทย",
  "می‌خواهم",
  "a'); drop table workspaces;--",
  '<img src=x onerror="alert(1)">',
  "%00 %s ${name} {{name}}",
  "שלום world مرحبا",
  "🚀".repeat(64),
];

test("a name of any script is stored and shown as it was given", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  for (const name of hardNames) {
    const workspace = await api.workspaces.create.mutate({ name, serverId });
    expect(workspace.name).toBe(name);
    expect((await api.servers.rename.mutate({ serverId, name })).name).toBe(name);
    expect((await api.orgs.rename.mutate({ name })).name).toBe(name);
    const wish = { workspaceId, name, url: "https://example.com/a.git" };
    expect((await api.projects.createFromGit.mutate(wish)).project.name).toBe(name);
  }
  const shown = (await api.workspaces.list.query()).map(({ name }) => name);
  expect(shown).toEqual(["Shop", ...hardNames]);
});

test("any name that is let in comes back the same, and once only", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { api } = client;
  const { serverId } = await platform.connectServer(client);
  const taken: string[] = [];
  const anyName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(anyName, async (given) => {
      const parsed = nameSchema.safeParse(given);
      const outcome = await api.workspaces.create.mutate({ name: given, serverId }).then(
        ({ name }) => name,
        async (error: unknown) => (await refusalOf(Promise.reject(error as Error))).code,
      );
      const name = parsed.success ? parsed.data : null;
      const isAlike = name !== null && taken.some((other) => areAlike(nameKeys(other), nameKeys(name)));
      expect(outcome).toBe(name === null ? "INVALID_NAME" : isAlike ? "NAME_TAKEN" : name);
      if (name !== null && !isAlike) taken.push(name);
    }),
    { numRuns: 60 },
  );
});

test("a name that could be taken for another in the same scope is refused, and says for which; elsewhere it is not [T1]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const lookalike = "Ѕhор"; // Three Cyrillic letters.
  const refusal = await refusalOf(api.workspaces.create.mutate({ name: lookalike, serverId }));
  expect(refusal).toEqual({
    code: "NAME_TAKEN",
    message: `"${lookalike}" could be taken for "Shop", a workspace that is there already. Choose a name that looks different.`,
  });
  const project = { workspaceId, url: "https://example.com/a.git" };
  await api.projects.createFromGit.mutate({ ...project, name: "paypal" });
  const same = await refusalOf(api.projects.createFromGit.mutate({ ...project, name: "paypaI" }));
  expect(same.code).toBe("NAME_TAKEN");
  const other = await api.workspaces.create.mutate({ name: "Other", serverId });
  await api.projects.createFromGit.mutate({ ...project, workspaceId: other.workspaceId, name: "paypaI" });

  const outsider = await platform.withWorkspace(await platform.outsider());
  await outsider.api.workspaces.create.mutate({ name: lookalike.replace("Ѕ", "S"), serverId: outsider.serverId }).then(
    () => expect.unreachable(),
    (error: Error) => expect(error.message).toContain('"Shop"'),
  );
});

test("servers of one org are told apart: a renamed one is refused, an enrolled one gets a number, a removed one counts no more [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const names = async () => (await client.api.servers.list.query()).map(({ name }) => name);
  const first = await platform.connectServer(client);
  const second = await platform.connectServer(client);
  expect(await names()).toEqual(["box", "box 2"]);
  const together = await Promise.all([platform.connectServer(client), platform.connectServer(client)]);
  expect(new Set(await names()).size).toBe(4);
  const rename = (serverId: typeof first.serverId, name: string) =>
    client.api.servers.rename.mutate({ serverId, name });
  expect((await refusalOf(rename(second.serverId, "BОX"))).code).toBe("NAME_TAKEN");
  expect((await rename(first.serverId, "Box")).name).toBe("Box"); // Its own name in another form.
  await client.api.servers.revoke.mutate({ serverId: first.serverId });
  expect((await rename(second.serverId, "BОX")).name).toBe("BОX");
  expect(together).toHaveLength(2);
});
