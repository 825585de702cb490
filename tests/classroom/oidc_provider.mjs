// Runs the npm package oidc-provider with its own pages; the argument is JSON.
import { createRequire } from "node:module";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { pathToFileURL } from "node:url";

const { folder, port, client } = JSON.parse(process.argv[2]);
const require = createRequire(`${folder}/`);
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

// Its key is new at each start. It goes through PEM because Node 20 can wait for itself forever
// when it frees the generator's job while it exports that job's own key: both take one lock.
const kid = `key-${Date.now()}`;
const pem = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const privateKey = createPrivateKey(pem.privateKey);
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
