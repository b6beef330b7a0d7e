// Numbers and names as people read them.

const DASH = "–";

/** A probability in percent: one decimal, and never 100 % or 0 % of what is not certain. */
export function percent(probability) {
  if (probability === null || probability === undefined) return "unknown";
  if (probability > 0.999 && probability < 1) return "> 99.9 %";
  if (probability < 0.001 && probability > 0) return "< 0.1 %";
  return `${(100 * probability).toFixed(1)} %`;
}

/** A number with so many decimals; a dash where there is none. */
export function decimal(value, digits = 2) {
  return typeof value === "number" ? value.toFixed(digits).replace("-", "−") : DASH;
}

/** A number with its sign. */
export function signed(value) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
}

/** Text, or a dash where there is none. */
export function text(value) {
  return value === null || value === undefined || value === "" ? DASH : String(value);
}

/** Seconds as 0:03.2 in a player. */
export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "0:00.0";
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

/** A count with its noun: 1 recording, 2,000 recordings. */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
