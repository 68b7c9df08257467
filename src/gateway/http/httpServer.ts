import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { err, ok, type Result } from "../../base/result.ts";
import type { NodeMetrics } from "../../worker/services/metrics.ts";
import { MetricsPage } from "./metricsPage.ts";

/** Nobody needs more of a server that only answers three paths. */
const HEADER_BYTES_MAX = 8 * 1024;
const CONNECTIONS_MAX = 100;
const REQUEST_MILLIS_MAX = 5_000;
const KEEP_ALIVE_MILLIS = 5_000;

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A node's figures, or a page of them. */
  readonly metrics: (() => NodeMetrics) | FiguresPage;
  /** Answers in JSON by path, beside the usual ones. */
  readonly json?: { readonly [path: string]: () => unknown };
  /** Whether commands are answered at present. */
  readonly isReady: () => boolean;
  /** Why they are not, in a few words. */
  readonly notReady?: string;
}

/** What `/metrics` answers. */
export interface FiguresPage {
  readonly contentType: string;
  text(): Promise<string>;
  stop(): void;
}

export interface HttpServer {
  readonly port: number;
  /** Stops listening and closes every connection. */
  stop(): Promise<void>;
}

export interface HttpError {
  readonly code: "port_taken" | "denied" | "no_address" | "failed";
  readonly message: string;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
  readonly headers?: { readonly [name: string]: string };
}

/** Serves `/healthz` (the process lives), `/readyz` (it answers commands) and `/metrics` (Prometheus text format). */
export async function startHttpServer(options: HttpServerOptions): Promise<Result<HttpServer, HttpError>> {
  const { metrics } = options;
  const page = typeof metrics === "function" ? new MetricsPage(metrics) : metrics;
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_MILLIS_MAX, keepAliveTimeout: KEEP_ALIVE_MILLIS },
    (request, response) => void respond(request, response, options, page),
  );
  server.maxConnections = CONNECTIONS_MAX;
  const listening = await listen(server, options);
  if (!listening.ok) return listening;
  return ok({ port: listening.value, stop: () => stop(server, page) });
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<Result<number, HttpError>> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      resolve(err({ code: CODES[error.code ?? ""] ?? "failed", message: error.message })),
    );
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(ok(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

const CODES: { readonly [code: string]: HttpError["code"] } = {
  EADDRINUSE: "port_taken",
  EACCES: "denied",
  EADDRNOTAVAIL: "no_address",
  ENOTFOUND: "no_address",
};

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions,
  page: FiguresPage,
): Promise<void> {
  const { status, type = "text/plain; charset=utf-8", body, headers } = await answer(request, options, page);
  request.resume();
  response.writeHead(status, {
    ...headers,
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function answer(request: IncomingMessage, options: HttpServerOptions, page: FiguresPage): Promise<Answer> {
  const path = (request.url ?? "/").replace(/\?.*$/s, "");
  const json = options.json !== undefined && Object.hasOwn(options.json, path) ? options.json[path] : undefined;
  if (!PATHS.has(path) && json === undefined)
    return { status: 404, body: "There is nothing here; try /healthz, /readyz or /metrics.\n" };
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, body: "Only GET and HEAD are answered here.\n", headers: { allow: "GET, HEAD" } };
  }
  if (json !== undefined) return { status: 200, type: "application/json", body: `${JSON.stringify(json())}\n` };
  if (path === "/healthz") return { status: 200, body: "ok\n" };
  if (path === "/metrics") return { status: 200, type: page.contentType, body: await page.text() };
  return options.isReady()
    ? { status: 200, body: "ready\n" }
    : { status: 503, body: `${options.notReady ?? "not ready"}\n` };
}

const PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

function stop(server: Server, page: FiguresPage): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      page.stop();
      resolve();
    });
    server.closeAllConnections();
  });
}
