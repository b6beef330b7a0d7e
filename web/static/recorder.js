// The microphone as a WAV file: what browsers record by themselves (WebM) few tools decode.

import { encodeWav } from "./wav.js";

// the encoder has heard rooms and noise; a browser's clean-up would change the voice
const CONSTRAINTS = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };

const REASONS = {
  NotAllowedError: "The browser may not use the microphone: allow it in the address bar, then record again.",
  NotFoundError: "No microphone was found: plug one in, or choose a file.",
  NotReadableError: "The microphone is in use by another program: close that one, then record again.",
};

/**
 * Start recording. `onLevel(peak, seconds)` hears of every block.
 *
 * Returns `{stop, discard}`: `stop()` gives the WAV file. Throws an Error with one plain line where
 * there is no microphone or no permission.
 */
export async function startRecording(onLevel) {
  const stream = await openMicrophone();
  const context = new AudioContext();
  const release = () => {
    stream.getTracks().forEach((track) => track.stop());
    context.close();
  };
  try {
    await context.audioWorklet.addModule("static/recorder-worklet.js");
  } catch {
    release();
    throw new Error("The recorder did not load: is `spkret serve` still running? Then try again.");
  }
  const chunks = [];
  let samples = 0;
  const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }) => {
    chunks.push(data);
    samples += data.length;
    onLevel(data.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0), samples / context.sampleRate);
  };
  context.createMediaStreamSource(stream).connect(node);
  await context.resume();

  const discard = () => {
    node.port.onmessage = null;
    release();
  };
  const stop = () => {
    discard();
    return new File([encodeWav(chunks, context.sampleRate)], "microphone.wav", { type: "audio/wav" });
  };
  return { stop, discard };
}

async function openMicrophone() {
  if (!navigator.mediaDevices) {
    throw new Error("Browsers record only on localhost and over https: choose a file, or open the page that way.");
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: CONSTRAINTS });
  } catch (error) {
    throw new Error(REASONS[error.name] ?? `The microphone does not record (${error.message}): choose a file.`);
  }
}
