import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { invariant } from "../../base/invariant.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type {
  Link,
  LinkAddress,
  LinkDownReason,
  LinkEndpoint,
  LinkJoin,
  LinkListenError,
  LinkNetwork,
} from "../../ports/link.ts";
import { dials, type LinkHello } from "../../ports/linkIdentity.ts";
import { Dialer } from "./dialer.ts";
import { noStatistics, Refusals } from "./endpointParts.ts";
import type { LinkConnection } from "./linkConnection.ts";
import { LINK_DEFAULTS, type TcpLinkOptions } from "./linkOptions.ts";
import { serverTls } from "./linkTls.ts";
import { Reception, type ReceptionParts } from "./reception.ts";
import { TcpLink } from "./tcpLink.ts";

const NAME = /^[\x21-\x7e]{1,255}$/;

/** Links over TCP, or TLS when there are certificates. */
export function tcpLinks(options: Partial<TcpLinkOptions> & Pick<TcpLinkOptions, "random">): LinkNetwork {
  const all: TcpLinkOptions = { ...LINK_DEFAULTS, ...options };
  return {
    join: async (join) => {
      const endpoint = new TcpEndpoint(join, all);
      const error = await endpoint.listen(join.listen);
      return error === undefined ? ok(endpoint) : err(error);
    },
  } satisfies { join(join: LinkJoin): Promise<Result<LinkEndpoint, LinkListenError>> };
}

class TcpEndpoint implements LinkEndpoint {
  readonly statistics = noStatistics();
  address: LinkAddress;
  readonly #parts: ReceptionParts;
  readonly #reception: Reception;
  readonly #server: Server;
  /** Whom we expect, each with who calls it if that is us. */
  readonly #expected = new Map<string, Dialer | undefined>();
  readonly #links = new Map<string, TcpLink>();
  #ticker: NodeJS.Timeout | undefined;
  #tickedAt = performance.now();
  #isClosed = false;

  constructor({ self, listen, handler }: LinkJoin, options: TcpLinkOptions) {
    for (const name of [self.cluster, self.group, self.replica]) invariant(NAME.test(name), `${name} is no name`);
    const { statistics } = this;
    this.address = listen;
    this.#parts = {
      self,
      process: options.random.u32() * 0x1_0000 + (options.random.u32() & 0xffff),
      options,
      handler,
      statistics,
      refusals: new Refusals(statistics, (refusal) => {
        if (!this.#isClosed) handler.onRefusal(refusal);
      }),
      linkUp: (connection, hello) => this.#linkUp(connection, hello),
      isExpected: (replica) => this.#expected.has(replica),
      linkedProcess: (replica) => (this.link(replica) as TcpLink | undefined)?.process,
    };
    this.#reception = new Reception(this.#parts);
    this.#server = this.#createServer();
  }

  #createServer(): Server {
    const { tls, introductionMillisMax } = this.#parts.options;
    const reception = this.#reception;
    const arrived = (socket: Socket): void => reception.arrived(socket);
    if (tls === undefined) {
      return createPlainServer({ noDelay: true }, (socket) => {
        arrived(socket);
        reception.ready(socket);
      });
    }
    const server = createTlsServer(serverTls(tls, introductionMillisMax), (socket) => reception.ready(socket));
    server.on("connection", arrived);
    server.on("tlsClientError", (error, socket) => reception.distrusted(socket, error));
    return server;
  }

  listen({ host, port }: LinkAddress): Promise<LinkListenError | undefined> {
    return new Promise((resolve) => {
      const server = this.#server;
      server.once("error", (error) => resolve(listenError(error, host, port)));
      server.listen({ host, port }, () => {
        const bound = server.address();
        invariant(bound !== null && typeof bound === "object", "it listens at a port");
        this.address = { host, port: bound.port };
        server.removeAllListeners("error");
        // Accepting may fail for want of file descriptors; those who call try again.
        server.on("error", () => undefined);
        this.#ticker = setInterval(() => this.#tick(), this.#parts.options.heartbeatMillis / 2);
        resolve(undefined);
      });
    });
  }

  expect(replica: string, address: LinkAddress): void {
    const { self } = this.#parts;
    invariant(replica !== self.replica, "a replica has no link with itself");
    if (this.#isClosed) return;
    const dialer = this.#expected.get(replica);
    if (dialer !== undefined) dialer.move(address);
    else if (!this.#expected.has(replica))
      this.#expected.set(replica, dials(self.replica, replica) ? new Dialer(replica, address, this.#parts) : undefined);
  }

  forget(replica: string): void {
    this.#expected.get(replica)?.stop();
    this.#expected.delete(replica);
    this.#links.get(replica)?.close();
  }

  link(replica: string): Link | undefined {
    const link = this.#links.get(replica);
    return link?.isUp === true ? link : undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#ticker);
    for (const dialer of this.#expected.values()) dialer?.stop();
    this.#expected.clear();
    this.#reception.close();
    for (const link of this.#links.values()) link.abandon();
    this.#links.clear();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #linkUp(connection: LinkConnection, hello: LinkHello): void {
    const { handler, options, refusals } = this.#parts;
    const { replica } = hello.identity;
    const link = new TcpLink(connection, hello, options.frameBytesMax, handler, (ended, reason) =>
      this.#linkDown(ended, reason),
    );
    const old = this.#links.get(replica);
    if (old !== undefined) {
      // The same process calls anew: it has given the old one up, and we have not noticed yet.
      old.abandon();
      this.#linkDown(old, "closed_by_peer");
    }
    this.#links.set(replica, link);
    this.statistics.linksUp++;
    refusals.forget(link.address);
    handler.onUp(link);
  }

  #linkDown(link: TcpLink, reason: LinkDownReason): void {
    const { replica } = link.peer;
    if (this.#isClosed || this.#links.get(replica) !== link) return;
    this.#links.delete(replica);
    this.statistics.linksDown++;
    this.#expected.get(replica)?.linkDown();
    this.#parts.handler.onDown(link, reason);
  }

  #tick(): void {
    const now = performance.now();
    const stoodStill = now - this.#tickedAt > this.#parts.options.silenceMillis / 2;
    this.#tickedAt = now;
    this.#reception.tick(now);
    for (const link of this.#links.values()) {
      if (stoodStill) link.stoodStill(now);
      link.tick(now);
    }
  }
}

function listenError(error: Error, host: string, port: number): LinkListenError {
  const { code } = error as NodeJS.ErrnoException;
  const message = `cannot listen at ${host} port ${port}: ${error.message}`;
  if (code === "EADDRINUSE") return { code: "address_in_use", message };
  return { code: code === "EACCES" ? "address_denied" : "address_unknown", message };
}
