/** What a node may tell of the process it runs in. */
export interface ProcessFacts {
  readonly version: string;
  readonly pid: number;
  readonly nodeVersion: string;
  readonly system: string;
  readonly executable: string;
  readonly configFile: string;
  readonly machineBytes: number;
  residentBytes(): number;
  heap(): { readonly usedBytes: number; readonly totalBytes: number; readonly externalBytes: number };
  /** Microseconds of CPU since the start. */
  cpuMicros(): { readonly user: number; readonly system: number };
}
