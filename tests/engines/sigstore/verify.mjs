// Verifies the signature of a Sigstore bundle by a public key: node verify.mjs BUNDLE KEY
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

const [bundlePath, keyPath] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath)));
const rawBytes = createPublicKey(readFileSync(keyPath)).export({ type: "spki", format: "der" });
const { hint } = bundle.verificationMaterial.content.publicKey;
const root = {
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  tlogs: [],
  certificateAuthorities: [],
  ctlogs: [],
  timestampAuthorities: [],
};
const trusted = toTrustMaterial(root, { [hint]: { rawBytes } });
const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
new Verifier(trusted, thresholds).verify(toSignedEntity(bundle));
console.log("verified");
