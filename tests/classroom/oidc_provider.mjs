// Runs the npm package oidc-provider with its own pages; the argument is JSON.
import { createRequire } from "node:module";
import { generateKeyPairSync } from "node:crypto";
import { pathToFileURL } from "node:url";

const { folder, port, client } = JSON.parse(process.argv[2]);
const require = createRequire(`${folder}/`);
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

// Its key is new at each start.
const kid = `key-${Date.now()}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const provider = new Provider(`http://localhost:${port}`, {
  clients: [client],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" }] },
  cookies: { keys: ["of the test"] },
  claims: { profile: ["name"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Person ${id}` }),
  }),
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
