import { Gauge, Registry } from "prom-client";
import type { FiguresPage } from "./httpServer.ts";

/** Values by name at the moment of the question. */
export interface GaugeSample {
  /** As Prometheus wants it. */
  readonly name: string;
  readonly help: string;
  readonly values: readonly { readonly labels?: { readonly [label: string]: string }; readonly value: number }[];
}

/** `/metrics` of a few figures that are gathered when they are asked for. */
export class GaugePage implements FiguresPage {
  readonly #samples: () => readonly GaugeSample[];
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  constructor(samples: () => readonly GaugeSample[]) {
    this.#samples = samples;
  }

  text(): Promise<string> {
    const registry = new Registry();
    for (const { name, help, values } of this.#samples()) {
      const labelNames = Object.keys(values[0]?.labels ?? {});
      const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
      for (const { labels = {}, value } of values) gauge.set(labels, value);
    }
    return registry.metrics();
  }

  stop(): void {}
}
