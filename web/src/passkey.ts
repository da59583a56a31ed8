// Passkeys (WebAuthn, level 3): the server's JSON with base64url in it, and what the browser's calls take.
const decode = (s: string): Uint8Array<ArrayBuffer> => {
  const text = atob(s.replaceAll("-", "+").replaceAll("_", "/"));
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
};
const encode = (b: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(b))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

interface Descriptor { id: string; type: "public-key"; transports?: AuthenticatorTransport[] }
interface Ask { challenge: string; user?: { id: string }; allowCredentials?: Descriptor[]; excludeCredentials?: Descriptor[] }

/** decodeAsk makes what navigator.credentials takes of what the server has sent. */
export function decodeAsk(ask: unknown): PublicKeyCredentialRequestOptions | PublicKeyCredentialCreationOptions {
  const a = ask as Ask;
  const list = (l?: Descriptor[]) => l?.map((d) => ({ ...d, id: decode(d.id) }));
  return {
    ...(a as object), challenge: decode(a.challenge), ...(a.user && { user: { ...a.user, id: decode(a.user.id) } }),
    ...(a.allowCredentials && { allowCredentials: list(a.allowCredentials) }), ...(a.excludeCredentials && { excludeCredentials: list(a.excludeCredentials) }),
  } as PublicKeyCredentialRequestOptions;
}

/** encodeAnswer makes of what the browser has answered what the server takes. */
export function encodeAnswer(c: PublicKeyCredential): unknown {
  const r = c.response as AuthenticatorAssertionResponse & AuthenticatorAttestationResponse;
  const response: Record<string, unknown> = { clientDataJSON: encode(r.clientDataJSON) };
  if (r.attestationObject) {
    response.attestationObject = encode(r.attestationObject);
    response.transports = r.getTransports?.() ?? [];
  } else {
    response.authenticatorData = encode(r.authenticatorData);
    response.signature = encode(r.signature);
    if (r.userHandle) response.userHandle = encode(r.userHandle);
  }
  return { id: c.id, rawId: encode(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(), response };
}
