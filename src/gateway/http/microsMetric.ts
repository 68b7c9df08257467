import type { Metric, Registry } from "prom-client";
import type { MicrosHistogram } from "../../worker/microsHistogram.ts";

const MICROS = 1e-6;

/** A histogram that was counted elsewhere, in the form in which a registry of prom-client reads one. */
export class MicrosMetric {
  readonly name: string;
  readonly help: string;
  histogram: Pick<MicrosHistogram, "buckets" | "count" | "totalMicros"> | undefined;

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  addTo(registry: Registry): void {
    // A registry only asks a metric for its name and its values; the type names the four classes of the library.
    registry.registerMetric(this as unknown as Metric);
  }

  get() {
    const { name, help } = this;
    const values: { metricName: string; labels: { le?: string | number }; value: number }[] = [];
    const { buckets, count, totalMicros } = this.histogram ?? { buckets: [], count: 0, totalMicros: 0 };
    let sum = 0;
    for (const [power, counted] of buckets.entries()) {
      sum += counted;
      values.push({ metricName: `${name}_bucket`, labels: { le: 2 ** power * MICROS }, value: sum });
    }
    values.push({ metricName: `${name}_bucket`, labels: { le: "+Inf" }, value: count });
    values.push({ metricName: `${name}_sum`, labels: {}, value: totalMicros * MICROS });
    values.push({ metricName: `${name}_count`, labels: {}, value: count });
    return { name, help, type: "histogram", values, aggregator: "sum" };
  }

  reset(): void {
    this.histogram = undefined;
  }
}
