// The REST API: one function a kind of call, and one kind of error, whose message is one plain line.

export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

const NO_TOKEN = "This server wants a token: open the page by the link that `spkret serve` printed, which ends in /?token=…";
const NO_SERVER = "The server does not answer: is `spkret serve` still running? Then try again.";

/** Fetch JSON. Options: query (an object; empty values are left out), signal. */
export async function get(path, { query = {}, signal } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const search = new URLSearchParams(given).toString();
  return JSON.parse(await call(search ? `${path}?${search}` : path, { signal }));
}

/** Post JSON and return the answer with its text, in which 63-bit ids keep all their digits. */
export async function post(path, document, signal) {
  const body = JSON.stringify(document);
  const text = await call(path, { method: "POST", body, headers: { "Content-Type": "application/json" }, signal });
  return { answer: JSON.parse(text), text };
}

/** Hand a file to the server and return it as a sound. */
export async function upload(file, signal) {
  const body = new FormData();
  body.append("file", file, file.name);
  const saved = JSON.parse(await call("uploads", { method: "POST", body, signal }).catch((error) => refuse(file, error)));
  return { ...sound(`upload:${saved.upload}`, saved.name), duration: saved.duration_s };
}

/** What can be played and looked at: the recording or upload behind a reference. */
export function sound(ref, label) {
  const [folder, id] = ref.startsWith("upload:") ? ["uploads", ref.slice(7)] : ["recordings", ref];
  const address = `${folder}/${encodeURIComponent(id)}`;
  return { ref, label, about: address, audio: `${address}/audio`, picture: `${address}/spectrogram.png` };
}

/** Say why an address gives nothing, as the server tells; null if it does give something. */
export async function reason(address) {
  try {
    await call(address, { headers: { Range: "bytes=0-0" } });
    return null;
  } catch (error) {
    return error.message;
  }
}

function refuse(file, error) {
  if (![413, 415, 422].includes(error.status)) throw error;
  throw new ApiError(`${file.name} cannot be used: ${inWords(error.message)}. Choose another file.`);
}

/** Write a reason such as `not_audio: Format not recognised.` as people say it. */
function inWords(message) {
  const plain = message.replace(/\.$/, "");
  const parts = /^([a-z_]+): (.+)$/.exec(plain);
  return parts ? `${parts[1].replaceAll("_", " ")} (${parts[2]})` : plain;
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    throw error.name === "AbortError" ? error : new ApiError(NO_SERVER);
  }
  if (response.status === 401) throw new ApiError(NO_TOKEN);
  const text = await response.text();
  if (!response.ok) throw new ApiError(errorLine(text) || `The server answered ${response.status} ${response.statusText}.`, response.status);
  return text;
}

function errorLine(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return "";
  }
}
