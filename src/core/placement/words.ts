/** `62 %`. */
export function asPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** `1234`, `12.3`, `0.04`: three digits that count are enough to understand a decision. */
export function asRate(perSecond: number): string {
  if (perSecond >= 100 || perSecond === 0) return String(Math.round(perSecond));
  return String(Number(perSecond.toPrecision(3)));
}

/** `12.3 MB`. */
export function asBytes(bytes: number): string {
  if (bytes < 1e6) return `${asRate(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${asRate(bytes / 1e6)} MB` : `${asRate(bytes / 1e9)} GB`;
}

/** `90 s`. */
export function asSeconds(millis: number): string {
  return `${Math.round(millis / 1000)} s`;
}
