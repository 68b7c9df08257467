/** A running 32-bit hash of everything that happens: two runs that have the same one were the same run. */
export class TraceHash {
  #hash = 0x811c9dc5;

  add(micros: number, text: string): void {
    let hash = Math.imul(this.#hash ^ (micros & 0xffff_ffff), 0x01000193);
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    this.#hash = hash ^ (hash >>> 15);
  }

  addBytes(bytes: Uint8Array): void {
    let hash = this.#hash;
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    this.#hash = hash ^ (hash >>> 15);
  }

  toString(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }
}
